#pragma once

#include <array>
#include <optional>

#include "base/time.h"
#include "proxy/dialogue.h"

namespace adit::proxy {

// NTLMv2 as a proxy speaks it: a greeting, its challenge, the answer. source: MS-NLMP; the layout
// of the answer is stock's.

[[nodiscard]] Buffer ntlm_greeting();

struct NtlmChallenge {
  std::array<std::uint8_t, 8> nonce{};
  bool unicode = false;
  Buffer target;  // what the server says of itself, given back as it is

  [[nodiscard]] static std::optional<NtlmChallenge> parse(Bytes message);
};

// What must not repeat.
struct NtlmMoment {
  std::array<std::uint8_t, 8> nonce{};
  WallTime now;
};

// who.user may be "DOMAIN\user". Nothing: a name is too long.
[[nodiscard]] std::optional<Buffer> ntlm_answer(const NtlmChallenge& challenge,
                                                const Credentials& who, const NtlmMoment& moment);

}  // namespace adit::proxy
