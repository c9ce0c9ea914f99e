#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"

namespace adit::wire {

// Payloads of data packets that are not user traffic.

inline constexpr std::array<std::uint8_t, 16> ping_message{
    0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb, 0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48};
inline constexpr std::array<std::uint8_t, 16> occ_magic{
    0x28, 0x7f, 0x34, 0x6b, 0xd4, 0xef, 0x7a, 0x81, 0x2d, 0x56, 0xb8, 0xd3, 0xaf, 0xc5, 0x45, 0x9c};

enum class OccType : std::uint8_t {
  request = 0,
  reply = 1,
  mtu_load_request = 2,
  mtu_load = 3,
  mtu_request = 4,
  mtu_reply = 5,
  exit = 6,
};

struct OccMessage {
  std::uint8_t type;  // an OccType, or one we do not know
  Bytes rest;
};

bool is_ping(Bytes payload);
// Nothing unless the payload begins with the magic; such payloads are consumed, known or not.
[[nodiscard]] std::optional<OccMessage> decode_occ(Bytes payload);
bool has_occ_magic(Bytes payload);
[[nodiscard]] Buffer encode_occ(OccType type, Bytes rest = {});

}  // namespace adit::wire
