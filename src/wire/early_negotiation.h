#pragma once

#include <optional>

#include "base/bytes.h"

namespace adit::wire {

// What a server asks for in the payload of its hard reset (TLVs).
struct EarlyNegotiation {
  bool resend_wkc = false;
};

// Unknown types are skipped; malformed bytes give nothing.
[[nodiscard]] std::optional<EarlyNegotiation> decode_early_negotiation(Bytes payload);
// Empty when there is nothing to ask for.
[[nodiscard]] Buffer encode_early_negotiation(const EarlyNegotiation& flags);

// A tls-crypt-v2 client marks its support by where its replay ids begin.
inline constexpr std::uint32_t early_negotiation_start = 0x0f000000;
constexpr bool marks_early_negotiation(std::uint32_t replay_id) {
  return (replay_id & 0xff000000u) == early_negotiation_start;
}

}  // namespace adit::wire
