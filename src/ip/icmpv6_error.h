#pragma once

#include "base/bytes.h"
#include "ip/address.h"

namespace adit::ip {

// Type and code in their places, as the first word of the message.
enum class Icmpv6Error : std::uint32_t { no_route = 0x01000000, packet_too_big = 0x02000000 };

// An ICMPv6 error about a packet that ip::look accepted, to its sender. parameter: the MTU of
// packet_too_big, otherwise 0. 0: the packet must not be answered (not IPv6, from nobody or from
// many, itself an error), or there is too little room. room: 1280 bytes. source: RFC 4443
[[nodiscard]] std::size_t icmpv6_error(Icmpv6Error error, std::uint32_t parameter, Bytes packet,
                                       const Address& from, MutableBytes room);

}  // namespace adit::ip
