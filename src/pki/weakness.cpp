#include "pki/weakness.h"

#include <fmt/core.h>
#include <openssl/evp.h>

namespace adit::pki {

namespace {

// source: OpenSSL's security level 2, which Debian sets: 112 bits
constexpr int least_rsa_bits = 2048;
constexpr int least_security_bits = 112;

bool is_self_signed(X509* certificate) {
  return X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(certificate)) == 0;
}

bool is_weak_digest(int nid) { return nid == NID_md5 || nid == NID_md4 || nid == NID_sha1; }

}  // namespace

bool is_weak_key(EVP_PKEY* key) {
  if (key == nullptr) return false;
  if (EVP_PKEY_is_a(key, "RSA") == 1) return EVP_PKEY_get_bits(key) < least_rsa_bits;
  return EVP_PKEY_get_security_bits(key) < least_security_bits;
}

std::vector<std::string> weaknesses(X509* certificate) {
  std::vector<std::string> found;
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (is_weak_key(key)) {
    found.push_back(fmt::format("its {} key has only {} bits", EVP_PKEY_get0_type_name(key),
                                EVP_PKEY_get_bits(key)));
  }
  int digest = NID_undef;
  if (X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) == 1 &&
      is_weak_digest(digest) && !is_self_signed(certificate)) {
    found.push_back(fmt::format("it is signed with {}", OBJ_nid2sn(digest)));
  }
  return found;
}

}  // namespace adit::pki
