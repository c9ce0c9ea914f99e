#pragma once

// Owners for the OpenSSL objects of this room. Include from .cpp files only.

#include <memory>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/freer.h"

namespace adit::tls {

using SslContext = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using SslConnection = std::unique_ptr<SSL, Freer<SSL_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using RevocationList = std::unique_ptr<X509_CRL, Freer<X509_CRL_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Freer<BN_free>>;

inline Bio bio_of(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace adit::tls
