#include "tls/signer.h"

#include <algorithm>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "tls/certificate.h"
#include "tls/handles.h"

namespace adit::tls {

namespace {

using Digest = std::unique_ptr<EVP_MD, Freer<EVP_MD_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using SignatureBlock = std::unique_ptr<X509_SIG, Freer<X509_SIG_free>>;

Digest find_digest(const std::string& name) {
  return Digest(EVP_MD_fetch(nullptr, name.c_str(), nullptr));
}

Certificate certificate_of(Bytes der) {
  const std::uint8_t* at = der.data();
  Certificate made(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  return made;
}

}  // namespace

Buffer digest_of(const SigningRequest& request) {
  const Digest digest = find_digest(request.digest);
  Buffer out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (!digest || EVP_Digest(request.message.data(), request.message.size(), out.data(), &size,
                            digest.get(), nullptr) != 1) {
    return {};
  }
  out.resize(size);
  return out;
}

Buffer digest_info_of(const SigningRequest& request) {
  Buffer digest = digest_of(request);
  if (digest.empty() || request.digest == "MD5-SHA1") return digest;  // TLS 1.1 has no name for it
  const SignatureBlock block(X509_SIG_new());
  X509_ALGOR* algorithm = nullptr;
  ASN1_OCTET_STRING* value = nullptr;
  X509_SIG_getm(block.get(), &algorithm, &value);
  const int name = EVP_MD_get_type(find_digest(request.digest).get());
  X509_ALGOR_set0(algorithm, OBJ_nid2obj(name), V_ASN1_NULL, nullptr);
  ASN1_OCTET_STRING_set(value, digest.data(), static_cast<int>(digest.size()));
  Buffer out(static_cast<std::size_t>(std::max(0, i2d_X509_SIG(block.get(), nullptr))));
  std::uint8_t* at = out.data();
  i2d_X509_SIG(block.get(), &at);
  return out;
}

Buffer ecdsa_sequence(Bytes numbers) {
  constexpr std::size_t most = 2 * 66;  // of the largest curve
  if (numbers.empty() || numbers.size() % 2 != 0 || numbers.size() > most) return {};
  const int half = static_cast<int>(numbers.size() / 2);
  const EcdsaSignature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(numbers.data(), half, nullptr),
                 BN_bin2bn(numbers.data() + half, half, nullptr));
  Buffer out(static_cast<std::size_t>(std::max(0, i2d_ECDSA_SIG(signature.get(), nullptr))));
  std::uint8_t* at = out.data();
  i2d_ECDSA_SIG(signature.get(), &at);
  return out;
}

CertificateName name_of(Bytes der) {
  const Certificate certificate = certificate_of(der);
  if (!certificate) return {};
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  return {subject_of(certificate.get()),
          to_hex({ASN1_STRING_get0_data(serial),
                  static_cast<std::size_t>(std::max(0, ASN1_STRING_length(serial)))})};
}

std::string pem_of(Bytes der) {
  const Certificate certificate = certificate_of(der);
  return certificate ? pem_of(certificate.get()) : std::string();
}

}  // namespace adit::tls
