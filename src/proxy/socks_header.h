#pragma once

#include <optional>

#include "base/packet.h"
#include "ip/address.h"

namespace adit::proxy {

// Stands in front of each datagram to and from a SOCKS relay: RFC 1928 section 7. IPv4 only.
inline constexpr unsigned socks_header_bytes = 10;
// Says that an IPv4 address follows. source: RFC 1928, section 5
inline constexpr std::uint8_t socks_v4_address = 1;

// to  an IPv4 endpoint; the packet has room for the header in front
void put_socks_header(Packet& packet, const ip::Endpoint& to);
// Takes it away. Nothing: there is none, or the datagram is a fragment; the packet is as it was.
[[nodiscard]] std::optional<ip::Endpoint> take_socks_header(Packet& packet);

}  // namespace adit::proxy
