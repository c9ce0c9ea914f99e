#pragma once

// Owners for the OpenSSL objects of this room, and its complaints as ours. Include from .cpp files
// and from headers that only .cpp files include.

#include <memory>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/freer.h"
#include "base/result.h"

namespace adit::pki {

using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Asn1Integer = std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>>;
using Asn1Time = std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using RevocationList = std::unique_ptr<X509_CRL, Freer<X509_CRL_free>>;
using RevokedEntry = std::unique_ptr<X509_REVOKED, Freer<X509_REVOKED_free>>;

inline Bio bio_of(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
// What was written into a memory BIO; the view lives as long as the BIO is left alone.
std::string_view text_in(BIO* bio);

// "cannot <attempted>: <OpenSSL's last reason>"; empties this thread's OpenSSL error queue.
[[nodiscard]] Error openssl_failure(std::string_view attempted);

}  // namespace adit::pki
