#pragma once

// OpenSSL's own opinion of our certificates.

#include <string>

#include <openssl/x509_vfy.h>

#include "base/time.h"
#include "pki/handles.h"

namespace adit::pki {

Certificate read_certificate(const std::string& pem);

// "ok", or OpenSSL's reason. purpose: X509_PURPOSE_SSL_SERVER, ..._SSL_CLIENT, ..._ANY
// flags: X509_V_FLAG_X509_STRICT, but for what other tools made
std::string verify(const std::string& certificate, const std::string& ca, const std::string& crl,
                   int purpose, WallTime at, unsigned long flags = X509_V_FLAG_X509_STRICT);

// An extension as "openssl x509 -text" shows it, on one line; empty when there is none.
std::string extension_text(X509* certificate, int nid);
bool is_critical(X509* certificate, int nid);

}  // namespace adit::pki
