#pragma once

#include <optional>

#include "base/bytes.h"
#include "ip/address.h"

namespace adit::ip {

// Addresses and length of a packet inside the tunnel. Nothing when it is not IPv4 or IPv6, is
// shorter than its header, or its header states more bytes than there are.
struct InnerPacket {
  Address source;
  Address destination;
  std::size_t total_length = 0;
};
[[nodiscard]] std::optional<InnerPacket> look(Bytes packet);

// The TOS of an IPv4 packet or the traffic class of an IPv6 packet, with their two bits of ECN; 0
// when it is neither.
[[nodiscard]] std::uint8_t traffic_class(Bytes packet);

// Lowers the MSS of a TCP SYN in place when it is above the limit and mends the checksum.
//
// mss_v4   largest MSS for IPv4; 0: leave everything alone. IPv6 gets 20 less.
void clamp_mss(MutableBytes packet, std::uint16_t mss_v4);

}  // namespace adit::ip
