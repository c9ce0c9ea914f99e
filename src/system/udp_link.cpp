#include "system/udp_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "plane/lane.h"
#include "system/kernel_error.h"
#include "system/socket_address.h"
#include "system/udp_errors.h"

namespace adit::system {

namespace {

constexpr unsigned default_buffer_bytes = 4u << 20;
constexpr std::size_t batch = plane::batch_packets;
static_assert(batch <= 64, "in_fragments() has one bit for each packet");
// Errors the socket may report in a row before read() leaves the rest to its next call.
constexpr unsigned most_attempts = 16;

// Room for one IP_PKTINFO or IPV6_PKTINFO, and for one IP_RECVFRAGSIZE of either family.
struct alignas(cmsghdr) Ancillary {
  std::array<unsigned char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))> bytes;
};

// Everything recvmmsg and sendmmsg need, allocated once and chained once.
struct MessageBatch {
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> pieces{};
  std::array<SocketAddress, batch> addresses{};
  std::array<Ancillary, batch> ancillary{};

  MessageBatch() {
    for (std::size_t i = 0; i < batch; ++i) {
      msghdr& header = messages[i].msg_hdr;
      header.msg_iov = &pieces[i];
      header.msg_iovlen = 1;
      header.msg_name = addresses[i].raw();
    }
  }
};

// The address a datagram was sent to, when it is one to answer from.
ip::Address destination_of(const msghdr& header) {
  ip::Address address;
  for (const cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
       item = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(item))) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      address = ip::Address::v4(ntohl(info.ipi_spec_dst.s_addr));
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      address = ip::Address::v6(Bytes(info.ipi6_addr.s6_addr));
    }
  }
  return address.is_multicast() ? ip::Address() : address;
}

// The kernel tells a fragment's size only of what came in fragments.
bool came_in_fragments(const msghdr& header) {
  for (const cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
       item = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(item))) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_RECVFRAGSIZE) return true;
    if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_RECVFRAGSIZE) return true;
  }
  return false;
}

void put_item(msghdr& header, Ancillary& room, int level, int type, Bytes value) {
  header.msg_control = room.bytes.data();
  header.msg_controllen = CMSG_SPACE(value.size());
  cmsghdr* item = CMSG_FIRSTHDR(&header);
  item->cmsg_level = level;
  item->cmsg_type = type;
  item->cmsg_len = CMSG_LEN(value.size());
  std::memcpy(CMSG_DATA(item), value.data(), value.size());
}

void put_source(msghdr& header, Ancillary& room, const ip::Address& source, int family) {
  if (family == AF_INET) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(source.v4_number());
    put_item(header, room, IPPROTO_IP, IP_PKTINFO,
             {reinterpret_cast<const std::uint8_t*>(&info), sizeof info});
    return;
  }
  SocketAddress mapped;
  if (!write_endpoint({source, 0, 0}, AF_INET6, mapped)) return;
  in6_pktinfo info{};
  info.ipi6_addr = reinterpret_cast<const sockaddr_in6&>(mapped.storage).sin6_addr;
  put_item(header, room, IPPROTO_IPV6, IPV6_PKTINFO,
           {reinterpret_cast<const std::uint8_t*>(&info), sizeof info});
}

Drop verdict(int error) {
  switch (error) {
    case EMSGSIZE:
      return Drop::too_big;
    case ENOBUFS:
    case ENOMEM:
      return Drop::queue_full;
    default:
      return Drop::link_error;
  }
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

int discovery_number(UdpSettings::MtuDiscovery discovery) {
  switch (discovery) {
    case UdpSettings::MtuDiscovery::no:
      return IP_PMTUDISC_DONT;
    case UdpSettings::MtuDiscovery::maybe:
      return IP_PMTUDISC_WANT;
    case UdpSettings::MtuDiscovery::yes:
      return IP_PMTUDISC_DO;
    case UdpSettings::MtuDiscovery::probe:
      return IP_PMTUDISC_PROBE;
    case UdpSettings::MtuDiscovery::system:
      break;
  }
  return -1;
}

Status set_mtu_discovery(int socket, const UdpSettings& settings) {
  const int value = discovery_number(settings.mtu_discovery);
  if (value < 0) return {};
  // On a dual socket each family has its own switch; the numbers are the same.
  const bool v4 = settings.stack != Stack::v6_only, v6 = settings.stack != Stack::v4;
  if ((v4 && setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof value) != 0) ||
      (v6 && setsockopt(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, sizeof value) != 0)) {
    return kernel_refused(errno, "cannot set mtu-disc");
  }
  return {};
}

// Only for the explanation of late packets: a kernel that does not know it is no obstacle.
void ask_for_fragments(int socket, const UdpSettings& settings) {
  const int on = 1;
  static_cast<void>(setsockopt(socket, IPPROTO_IP, IP_RECVFRAGSIZE, &on, sizeof on));
  if (settings.stack == Stack::v4) return;
  static_cast<void>(setsockopt(socket, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, &on, sizeof on));
}

Status ask_for_destinations(int socket, const UdpSettings& settings) {
  const int on = 1;
  const int result = settings.stack == Stack::v4
                         ? setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
                         : setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  if (result == 0) return {};
  return kernel_refused(errno, "cannot ask for the local address of datagrams");
}

}  // namespace

struct UdpLink::Receiver {
  MessageBatch batch_of_messages;
  bool asks_destination = false;
  std::uint64_t in_fragments = 0;  // one bit for each packet of the batch
  ip::Address bound;  // when bound to one address, that is where everything was sent to
  DropCounters drops;
  plane::DropBoard board;
  UdpErrors errors;

  int receive(int socket, std::span<Packet> packets, std::size_t front_room);
  std::size_t keep_good(std::span<Packet> packets, std::span<ports::LinkAddress> from);
};

// Returns how many datagrams came, or -1 and errno.
int UdpLink::Receiver::receive(int socket, std::span<Packet> packets, std::size_t front_room) {
  auto& [messages, pieces, addresses, ancillary] = batch_of_messages;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const MutableBytes landing = packets[i].landing(front_room);
    ADIT_ASSERT(landing.size() > plane::back_room);
    pieces[i] = {landing.data(), landing.size() - plane::back_room};
    msghdr& header = messages[i].msg_hdr;
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_control = ancillary[i].bytes.data();
    header.msg_controllen = ancillary[i].bytes.size();
  }
  return recvmmsg(socket, messages.data(), static_cast<unsigned>(packets.size()), MSG_DONTWAIT,
                  nullptr);
}

// Packets are views: the good ones change places with the bad ones before them.
std::size_t UdpLink::Receiver::keep_good(std::span<Packet> packets,
                                         std::span<ports::LinkAddress> from) {
  std::size_t kept = 0;
  in_fragments = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const mmsghdr& message = batch_of_messages.messages[i];
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      drops.add(Drop::too_big);
      continue;
    }
    if (message.msg_len == 0) {
      drops.add(Drop::malformed);
      continue;
    }
    packets[i].set_size(message.msg_len);
    from[kept] = {to_endpoint(batch_of_messages.addresses[i]),
                  asks_destination ? destination_of(message.msg_hdr) : bound, 0};
    if (message.msg_hdr.msg_controllen > 0 && came_in_fragments(message.msg_hdr)) {
      in_fragments |= std::uint64_t{1} << kept;
    }
    std::swap(packets[kept++], packets[i]);
  }
  return kept;
}

struct UdpLink::Transmitter {
  MessageBatch batch_of_messages;
  int family = AF_INET;
  bool states_source = false;

  void send(int socket, std::span<const ports::OutgoingPacket> packets, DropCounters& drops);
  bool prepare(std::size_t at, const ports::OutgoingPacket& packet);
  std::size_t after_refusal(int error, std::size_t at, std::size_t count, unsigned& tries,
                            DropCounters& drops);
};

bool UdpLink::Transmitter::prepare(std::size_t at, const ports::OutgoingPacket& packet) {
  auto& [messages, pieces, addresses, ancillary] = batch_of_messages;
  msghdr& header = messages[at].msg_hdr;
  if (!write_endpoint(packet.to.remote, family, addresses[at])) return false;
  header.msg_namelen = addresses[at].size;
  pieces[at] = {packet.packet->data(), packet.packet->size()};
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  const ip::Address& source = packet.to.local;
  if (!states_source || source.is_unspecified()) return true;
  if (source.family() == packet.to.remote.address.family()) {
    put_source(header, ancillary[at], source, family);
  }
  return true;
}

void UdpLink::Transmitter::send(int socket, std::span<const ports::OutgoingPacket> packets,
                                DropCounters& drops) {
  std::size_t count = 0;
  for (const ports::OutgoingPacket& packet : packets) {
    if (prepare(count, packet)) {
      ++count;
    } else {
      drops.add(Drop::link_error);
    }
  }
  unsigned tries = 0;
  for (std::size_t at = 0; at < count;) {
    const int sent = sendmmsg(socket, &batch_of_messages.messages[at],
                              static_cast<unsigned>(count - at), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      at += static_cast<std::size_t>(sent);
      tries = 0;
    } else {
      at += after_refusal(errno, at, count, tries, drops);
    }
  }
}

// The kernel stopped in front of the datagram at. Returns how many to pass over; 0: try it again.
std::size_t UdpLink::Transmitter::after_refusal(int error, std::size_t at, std::size_t count,
                                                unsigned& tries, DropCounters& drops) {
  if (error == EINTR) return 0;
  if (would_block(error)) {
    for (std::size_t i = at; i < count; ++i) drops.add(Drop::queue_full);
    return count - at;
  }
  // It may be an echo of an earlier datagram, to anybody (ECONNREFUSED, EMSGSIZE).
  if (++tries == 1) return 0;
  // Or the address we were asked at may be gone: let routing choose the source.
  if (tries == 2 && error != EMSGSIZE) {
    msghdr& header = batch_of_messages.messages[at].msg_hdr;
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    return 0;
  }
  tries = 0;
  drops.add(verdict(error));
  return 1;
}

Result<std::unique_ptr<UdpLink>> UdpLink::open(const UdpSettings& settings) {
  Result<Fd> socket = open_socket(SOCK_DGRAM, settings.stack);
  if (!socket) return fail_with(std::move(socket.error()));
  const BufferSizes at_first = buffer_sizes(socket->get());
  SocketSettings wanted = settings.socket;
  wanted.receive_buffer = wanted.receive_buffer.value_or(default_buffer_bytes);
  wanted.send_buffer = wanted.send_buffer.value_or(default_buffer_bytes);
  Status done = apply_settings(socket->get(), wanted);
  if (done) done = set_mtu_discovery(socket->get(), settings);
  if (done && (settings.bind || settings.local)) {
    done = bind_socket(socket->get(), Transport::udp, settings.stack, settings.local,
                       settings.bind ? settings.local_port : std::uint16_t{0},
                       settings.local_scope_id);
  }
  const bool asks = local_endpoint(socket->get()).address.is_unspecified() &&
                    (settings.bind || settings.multihome);
  if (done && asks) done = ask_for_destinations(socket->get(), settings);
  if (done) ask_for_fragments(socket->get(), settings);
  if (!done) return fail_with(std::move(done.error()));
  std::unique_ptr<UdpLink> link(new UdpLink(std::move(*socket), settings, at_first));
  if (settings.mtu_discovery == UdpSettings::MtuDiscovery::probe) {
    link->receiver_->errors.ask(link->fd(), settings.stack);
  }
  link->receiver_->asks_destination = link->transmitter_->states_source = asks;
  return link;
}

UdpLink::UdpLink(Fd socket, const UdpSettings& settings, BufferSizes at_first)
    : socket_(std::move(socket)),
      buffers_at_first_(at_first),
      receiver_(std::make_unique<Receiver>()),
      transmitter_(std::make_unique<Transmitter>()) {
  if (const ip::Address bound = local().address; !bound.is_unspecified()) receiver_->bound = bound;
  transmitter_->family = socket_family(settings.stack);
}

UdpLink::~UdpLink() = default;

int UdpLink::fd() const { return socket_.get(); }
ip::Endpoint UdpLink::local() const { return local_endpoint(socket_.get()); }
BufferSizes UdpLink::buffers_at_first() const { return buffers_at_first_; }
BufferSizes UdpLink::buffers() const { return buffer_sizes(socket_.get()); }
const plane::DropBoard& UdpLink::read_drops() const { return receiver_->board; }

std::uint64_t UdpLink::in_fragments() const { return receiver_->in_fragments; }

std::size_t UdpLink::read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                          std::size_t front_room) {
  packets = packets.first(std::min({packets.size(), from.size(), batch}));
  std::size_t kept = 0;
  receiver_->in_fragments = 0;
  for (unsigned attempt = 0; attempt < most_attempts && kept == 0; ++attempt) {
    const int count = receiver_->receive(socket_.get(), packets, front_room);
    if (count < 0 && would_block(errno)) break;
    if (count < 0) {
      receiver_->drops.add(Drop::link_error);
    } else {
      kept = receiver_->keep_good(packets.first(static_cast<std::size_t>(count)), from);
    }
  }
  if (kept == 0) receiver_->errors.drain(socket_.get());
  receiver_->board.publish(receiver_->drops);
  return kept;
}

std::size_t UdpLink::take_too_large(std::span<ports::TooLarge> hints) {
  return receiver_->errors.take(hints);
}

void UdpLink::write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) {
  while (!packets.empty()) {
    const auto now = packets.first(std::min(packets.size(), batch));
    transmitter_->send(socket_.get(), now, drops);
    packets = packets.subspan(now.size());
  }
}

}  // namespace adit::system
