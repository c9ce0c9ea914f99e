#include "system/udp_ancillary.h"

#include <cstring>

#include "system/socket_address.h"

namespace adit::system {

namespace {

template <typename Value>
Value value_of(const cmsghdr& item) {
  Value value;
  std::memcpy(&value, CMSG_DATA(&item), sizeof value);
  return value;
}

void read_v4(const cmsghdr& item, ReceivedAncillary& into) {
  if (item.cmsg_type == IP_PKTINFO) {
    const auto info = value_of<in_pktinfo>(item);
    into.destination = ip::Address::v4(ntohl(info.ipi_spec_dst.s_addr));
    into.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
  } else if (item.cmsg_type == IP_RECVFRAGSIZE) {
    into.in_fragments = true;  // told only of what came in fragments
  }
}

void read_v6(const cmsghdr& item, ReceivedAncillary& into) {
  if (item.cmsg_type == IPV6_PKTINFO) {
    const auto info = value_of<in6_pktinfo>(item);
    into.destination = ip::Address::v6(Bytes(info.ipi6_addr.s6_addr));
    into.interface = info.ipi6_ifindex;
  } else if (item.cmsg_type == IPV6_RECVFRAGSIZE) {
    into.in_fragments = true;
  }
}

// Behind what is there already.
template <typename Value>
void put_item(msghdr& header, Ancillary& room, int level, int type, const Value& value) {
  const std::size_t before = header.msg_controllen;
  header.msg_control = room.bytes.data();
  header.msg_controllen = before + CMSG_SPACE(sizeof value);
  auto* item = reinterpret_cast<cmsghdr*>(room.bytes.data() + before);
  item->cmsg_level = level;
  item->cmsg_type = type;
  item->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(item), &value, sizeof value);
}

}  // namespace

ReceivedAncillary read_ancillary(const msghdr& header) {
  ReceivedAncillary all;
  for (const cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
       item = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(item))) {
    if (item->cmsg_level == IPPROTO_IP) read_v4(*item, all);
    if (item->cmsg_level == IPPROTO_IPV6) read_v6(*item, all);
    if (item->cmsg_level == IPPROTO_UDP && item->cmsg_type == udp_gro) {
      all.segment = static_cast<std::size_t>(value_of<int>(*item));
    }
  }
  if (all.destination.is_multicast()) all.destination = ip::Address();
  return all;
}

void clear_ancillary(msghdr& header) {
  header.msg_control = nullptr;
  header.msg_controllen = 0;
}

void put_source(msghdr& header, Ancillary& room, const ip::Address& source, std::uint32_t interface,
                int family) {
  if (family == AF_INET) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(source.v4_number());
    info.ipi_ifindex = static_cast<int>(interface);
    return put_item(header, room, IPPROTO_IP, IP_PKTINFO, info);
  }
  SocketAddress mapped;
  if (!write_endpoint({source, 0, 0}, AF_INET6, mapped)) return;
  in6_pktinfo info{};
  info.ipi6_addr = reinterpret_cast<const sockaddr_in6&>(mapped.storage).sin6_addr;
  info.ipi6_ifindex = interface;
  put_item(header, room, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

void put_segment(msghdr& header, Ancillary& room, std::uint16_t bytes) {
  put_item(header, room, IPPROTO_UDP, udp_segment, bytes);
}

void put_tos(msghdr& header, Ancillary& room, std::uint8_t tos, ip::Family receiver) {
  const bool v4 = receiver == ip::Family::v4;
  put_item(header, room, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, int{tos});
}

}  // namespace adit::system
