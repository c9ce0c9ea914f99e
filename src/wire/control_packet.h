#pragma once

#include <optional>

#include "base/bytes.h"
#include "wire/opcode.h"
#include "wire/session_id.h"

namespace adit::wire {

// Up to eight acknowledged packet ids.
class AckList {
 public:
  static constexpr std::size_t capacity = 8;

  bool push(std::uint32_t id) {
    if (count_ == capacity) return false;
    ids_[count_++] = id;
    return true;
  }
  [[nodiscard]] std::span<const std::uint32_t> ids() const { return {ids_.data(), count_}; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  std::array<std::uint32_t, capacity> ids_{};
  std::size_t count_ = 0;
};

// What stands inside the control wrapping. The payload is a view of the decoded bytes.
struct ControlBody {
  AckList acks;
  SessionId remote;                        // meaningful only when acks is not empty
  std::optional<std::uint32_t> packet_id;  // absent in P_ACK_V1
  Bytes payload;
};

[[nodiscard]] std::optional<ControlBody> decode_control_body(Opcode opcode, Bytes bytes);
// Fails (nothing) when room is too small.
[[nodiscard]] std::optional<std::size_t> encode_control_body(const ControlBody& body,
                                                             MutableBytes room);
// Bytes in front of the payload.
constexpr std::size_t control_body_overhead(std::size_t acks, bool has_packet_id) {
  return 1 + (acks > 0 ? 4 * acks + 8 : 0) + (has_packet_id ? 4 : 0);
}

// The clear front of every control packet: first byte and the sender's session id.
struct ControlHead {
  Head head;
  SessionId session;
};
inline constexpr std::size_t control_head_bytes = 9;
// Nothing when too short, the opcode is not a control opcode, or the session id is zero.
[[nodiscard]] std::optional<ControlHead> decode_control_head(Bytes datagram);

}  // namespace adit::wire
