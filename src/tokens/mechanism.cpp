#include "tokens/mechanism.h"

#include <array>
#include <pkcs11-helper-1.0/pkcs11.h>

#include "base/text.h"

namespace adit::tokens {

namespace {

using Scheme = tls::SigningRequest::Scheme;

std::optional<Mechanism::Pss> pss_of(const tls::SigningRequest& request, std::size_t digest_size) {
  struct Known {
    std::string_view name;
    unsigned long digest, mask;
  };
  static constexpr std::array<Known, 5> known{{{"SHA1", CKM_SHA_1, CKG_MGF1_SHA1},
                                               {"SHA224", CKM_SHA224, CKG_MGF1_SHA224},
                                               {"SHA256", CKM_SHA256, CKG_MGF1_SHA256},
                                               {"SHA384", CKM_SHA384, CKG_MGF1_SHA384},
                                               {"SHA512", CKM_SHA512, CKG_MGF1_SHA512}}};
  unsigned long salt = digest_size;
  if (request.salt_length != "digest") {
    const auto number = to_number<unsigned long>(request.salt_length);
    if (!number) return std::nullopt;
    salt = *number;
  }
  for (const Known& one : known) {
    if (one.name == request.digest) return Mechanism::Pss{one.digest, one.mask, salt};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Mechanism> mechanism_of(const tls::SigningRequest& request) {
  switch (request.scheme) {
    case Scheme::rsa_pkcs1:
      return Mechanism{CKM_RSA_PKCS, tls::digest_info_of(request)};
    case Scheme::rsa_pss: {
      Buffer digest = tls::digest_of(request);
      const auto pss = pss_of(request, digest.size());
      if (!pss) return std::nullopt;
      return Mechanism{CKM_RSA_PKCS_PSS, std::move(digest), pss};
    }
    case Scheme::ecdsa:
      return Mechanism{CKM_ECDSA, tls::digest_of(request)};
    case Scheme::ed25519:
    case Scheme::ed448:
      return Mechanism{CKM_EDDSA, to_buffer(request.message)};
  }
  return std::nullopt;
}

std::optional<Buffer> for_tls(const tls::SigningRequest& request, Buffer signature) {
  if (request.scheme != Scheme::ecdsa) return signature;
  Buffer sequence = tls::ecdsa_sequence(signature);
  if (sequence.empty()) return std::nullopt;
  return sequence;
}

}  // namespace adit::tokens
