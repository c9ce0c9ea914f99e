#pragma once

#include <array>

#include "base/bytes.h"
#include "plane/peer.h"

namespace adit::plane {

// Enough of a flow's latest large packet to answer its sender later, as if the next packet of it
// had been too big: the IP header, and the first bytes of what it carries (ports and, for TCP, the
// sequence number after this packet).
struct LargeFlow {
  PeerIndex peer = no_peer;
  std::uint16_t packet_bytes = 0;  // of its largest packet: the latest may be the end of a write
  std::uint8_t head_bytes = 0;
  std::array<std::uint8_t, 48> head{};  // IPv6 header and eight bytes

  // As a report carries it: packet_bytes, head.
  [[nodiscard]] std::size_t encode(MutableBytes room) const;
  // Such a packet, the rest of it zero; empty: these are not such bytes. ahead: a TCP packet is one
  // that comes so many bytes later.
  [[nodiscard]] static Buffer rebuild(Bytes encoded, std::uint32_t ahead);
};

// The flows whose large packets came last, each in a place of its own unless two meet there; then
// the later has it. One owner thread.
class LargeFlows {
 public:
  static constexpr std::size_t worth_noting = 1000;  // smaller packets fit every path
  static constexpr std::size_t most_encoded = 2 + 48;

  // packet: as ip::look accepted it. Neither options nor extension headers, no fragments.
  void note(PeerIndex peer, Bytes packet);

  template <typename Take>
  void for_each(PeerIndex peer, std::size_t larger_than, const Take& take) const {
    for (const LargeFlow& flow : flows_) {
      if (flow.peer == peer && flow.packet_bytes > larger_than) take(flow);
    }
  }

 private:
  static constexpr std::size_t places = 64;

  std::array<LargeFlow, places> flows_{};
};

}  // namespace adit::plane
