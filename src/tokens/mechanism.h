#pragma once

#include <optional>

#include "tls/signer.h"

namespace adit::tokens {

// What a token is told to sign, in the numbers of PKCS#11.
struct Mechanism {
  unsigned long number = 0;
  Buffer data;  // that is given to it
  struct Pss {
    unsigned long digest = 0, mask = 0, salt = 0;
  };
  std::optional<Pss> pss{};
};

// Nothing: PKCS#11 has no word for it.
[[nodiscard]] std::optional<Mechanism> mechanism_of(const tls::SigningRequest& request);
// A token's signature as TLS carries it. Nothing: it is none.
[[nodiscard]] std::optional<Buffer> for_tls(const tls::SigningRequest& request, Buffer signature);

}  // namespace adit::tokens
