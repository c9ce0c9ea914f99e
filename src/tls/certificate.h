#pragma once

// Reads what we show of certificates. OpenSSL types: include from .cpp files only.

#include <string>

#include "base/result.h"
#include "tls/engine.h"
#include "tls/handles.h"

namespace adit::tls {

// Everything of the kind in a PEM text, in order; what does not parse ends it.
std::vector<Certificate> certificates_in(const std::string& pem);
std::vector<RevocationList> lists_in(const std::string& pem);

std::string text_of(BIO* bio);  // of a memory BIO: what was written to it
std::string subject_of(X509* certificate);
std::string issuer_of(X509* certificate);
std::string issuer_of(X509_CRL* list);
ChainEntry describe(X509* certificate, int depth);
std::string pem_of(X509* certificate);
// The configured user name fields joined by '_'; fields: "CN", "serialNumber",
// "ext:subjectAltName", ... An absent field is an error: never another field instead.
Result<std::string> username_of(X509* certificate, const std::vector<std::string>& fields);
std::string validity_text(X509* certificate);  // "not before 2026-01-01 00:00:00Z, not after ..."
std::string key_text(X509* certificate);       // "2048 bits RSA", "256 bits ECprime256v1"
// "signed with SHA1, key of 1024 bits RSA": what today's TLS refuses in it; empty if nothing.
std::string weakness_of(X509* certificate);
// "TLS Web Client Authentication, E-mail Protection"; empty: no such extension.
std::string extended_usages_of(X509* certificate);

// All the OpenSSL errors queued in this thread, oldest first; empties the queue.
std::vector<std::string> take_openssl_errors();

}  // namespace adit::tls
