#pragma once

#include "base/bytes.h"
#include "wire/opcode.h"
#include "wire/tcp_framing.h"

namespace adit::wire {

// Who calls over TCP where a port is shared with another server.
enum class Caller { unknown_yet, openvpn, somebody_else };

// So many bytes always tell.
inline constexpr std::size_t telling_bytes = tcp_length_bytes + 1;

// Judges by what has come first on a connection: the length of a first packet, and its first byte.
// source: stock 2.6; a first packet with a client's key in it is longer
inline Caller judge_first_bytes(Bytes first) {
  constexpr std::size_t least = 14, most = 255, least_with_key = 336, most_with_key = 1024 + 255;
  if (first.size() < tcp_length_bytes) return Caller::unknown_yet;
  const std::size_t length = load_u16(first.data());
  const bool usual = length >= least && length <= most;
  const bool with_key = length >= least_with_key && length < most_with_key;
  if (!usual && !with_key) return Caller::somebody_else;
  if (first.size() < telling_bytes) return Caller::unknown_yet;
  const std::uint8_t head = first[tcp_length_bytes];
  const bool ours = (usual && head == head_byte(Opcode::hard_reset_client_v2, 0)) ||
                    (with_key && head == head_byte(Opcode::hard_reset_client_v3, 0));
  return ours ? Caller::openvpn : Caller::somebody_else;
}

}  // namespace adit::wire
