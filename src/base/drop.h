#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace adit {

// Why a packet went no further. The network's misbehaviour is counted, never logged one by one.
enum class Drop : std::uint8_t {
  none,            // not dropped
  malformed,       // shorter than its fixed parts, or fields that contradict each other
  unknown_opcode,  // not a packet of this protocol
  unknown_peer,    // no peer with this id or address
  no_key,          // the peer has no usable key with this id
  bad_tag,         // authentication failed
  replayed,        // seen before
  late,            // too far behind the newest packet to be accepted
  key_exhausted,   // the key's packet ids or usage limit are used up
  bad_source,      // inner source address does not belong to the peer
  no_route,        // inner destination belongs to nobody
  too_big,         // does not fit the buffer or the agreed size
  queue_full,      // the next stage could not keep up
  bad_framing,     // compression or fragment framing that was not agreed on
  wrong_address,   // source address is not the peer's and may not become it
  blocked,         // forbidden by configuration
  link_error,      // the kernel refused to send or to accept it
  count_
};

inline constexpr std::size_t drop_reasons = static_cast<std::size_t>(Drop::count_);
const char* name(Drop reason);

struct DropCounters {
  std::array<std::uint64_t, drop_reasons> by_reason{};

  void add(Drop reason) { ++by_reason[static_cast<std::size_t>(reason)]; }
  DropCounters& operator+=(const DropCounters& more) {
    for (std::size_t i = 0; i < drop_reasons; ++i) by_reason[i] += more.by_reason[i];
    return *this;
  }
  [[nodiscard]] std::uint64_t of(Drop reason) const {
    return by_reason[static_cast<std::size_t>(reason)];
  }
};

}  // namespace adit
