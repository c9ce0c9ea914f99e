#pragma once

#include <array>
#include <netinet/in.h>
#include <sys/socket.h>

#include "ip/address.h"

namespace adit::system {

// Names that Debian 12's headers of user space lack or hide. source: linux/udp.h
inline constexpr int udp_segment = 103;
inline constexpr int udp_gro = 104;

// Room for all that travels beside one datagram, either way: IP_PKTINFO or IPV6_PKTINFO, the size
// of segments, and the size of fragments or the TOS.
struct alignas(cmsghdr) Ancillary {
  std::array<unsigned char, CMSG_SPACE(sizeof(in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int))> bytes;
};

// What the kernel told beside a message.
struct ReceivedAncillary {
  ip::Address destination;  // an address to answer from; otherwise unspecified
  std::uint32_t interface = 0;
  std::size_t segment = 0;  // the message is a train of datagrams of this many bytes; 0: one alone
  bool in_fragments = false;
};
[[nodiscard]] ReceivedAncillary read_ancillary(const msghdr& header);

// Begins anew: nothing travels beside the message.
void clear_ancillary(msghdr& header);
// interface: to leave by; 0: as routes say
void put_source(msghdr& header, Ancillary& room, const ip::Address& source, std::uint32_t interface,
                int family);
// The kernel is to cut the message into datagrams of so many bytes.
void put_segment(msghdr& header, Ancillary& room, std::uint16_t bytes);
// receiver: what the message is sent to; a socket of IPv6 may speak IPv4, too
void put_tos(msghdr& header, Ancillary& room, std::uint8_t tos, ip::Family receiver);

}  // namespace adit::system
