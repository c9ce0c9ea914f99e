#include "system/udp_transmitter.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "system/kernel_error.h"

namespace adit::system {

namespace {

// A receiver with small buffers and without GRO gets a train as one burst.
constexpr std::size_t most_segments = 44;
constexpr std::size_t most_train_bytes = 65000;  // of UDP payload, either family
// A datagram too large for a train (its device has a smaller MTU) sends its like alone for so many
// calls: the route may have been another peer's, or may have changed.
constexpr std::size_t alone_for_calls = 4096;

Drop drop_of_send(int error) {
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

// Answers that mean trains and not this one.
bool blames_trains(int error) {
  return error == EIO || error == EINVAL || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

std::uint16_t size_of(const ports::OutgoingPacket& packet) {
  return static_cast<std::uint16_t>(packet.packet->size());
}

}  // namespace

void UdpTransmitter::set(const Setup& setup) {
  setup_ = setup;
  trains_.store(setup.trains, std::memory_order_relaxed);
}

void UdpTransmitter::write(int socket, Packets packets, DropCounters& drops) {
  while (!packets.empty()) {
    const Packets now = packets.first(std::min(packets.size(), most_packets));
    send(socket, now, drops);
    packets = packets.subspan(now.size());
  }
}

void UdpTransmitter::send(int socket, Packets packets, DropCounters& drops) {
  if (alone_for_ > 0 && --alone_for_ == 0) alone_from_ = SIZE_MAX;
  lay_out(packets, drops);
  unsigned tries = 0;
  for (std::size_t at = 0; at < count_;) {
    const int sent = sendmmsg(socket, &headers_[at], static_cast<unsigned>(count_ - at),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      accepted_ = true;
      at += static_cast<std::size_t>(sent);
      tries = 0;
    } else {
      at += after_refusal(socket, errno, at, packets, tries, drops);
    }
  }
}

void UdpTransmitter::lay_out(Packets packets, DropCounters& drops) {
  count_ = 0;
  for (std::size_t first = 0; first < packets.size();) {
    messages_[count_] = {first, train_length(packets.subspan(first))};
    const Message& message = messages_[count_];
    first += message.count;
    if (prepare(message, packets)) {
      train_meter_.batch(message.count);
      ++count_;
    } else {
      for (std::size_t i = 0; i < message.count; ++i) drops.add(Drop::link_error);
    }
  }
}

// How many packets from the front are one train: all of the first one's size and TOS, the last may
// be shorter.
std::size_t UdpTransmitter::train_length(Packets packets) const {
  const std::size_t size = packets.front().packet->size();
  if (!trains_.load(std::memory_order_relaxed) || size >= alone_from_) return 1;
  std::size_t count = 1;
  for (std::size_t bytes = size; count < packets.size() && count < most_segments; ++count) {
    const std::size_t next = packets[count].packet->size();
    bytes += next;
    if (next > size || bytes > most_train_bytes || packets[count].tos != packets.front().tos ||
        packets[count].to != packets.front().to) {
      break;
    }
    if (next < size) return count + 1;
  }
  return count;
}

bool UdpTransmitter::prepare(const Message& message, Packets packets) {
  const ports::OutgoingPacket& front = packets[message.first];
  msghdr& header = headers_[count_].msg_hdr;
  if (!write_endpoint(front.to.remote, setup_.family, addresses_[count_])) return false;
  for (std::size_t i = message.first; i < message.first + message.count; ++i) {
    pieces_[i] = {packets[i].packet->data(), packets[i].packet->size()};
  }
  header.msg_name = addresses_[count_].raw();
  header.msg_namelen = addresses_[count_].size;
  header.msg_iov = &pieces_[message.first];
  header.msg_iovlen = message.count;
  clear_ancillary(header);
  const ip::Address& source = front.to.local;
  if (setup_.states_source && !source.is_unspecified() &&
      source.family() == front.to.remote.address.family()) {
    put_source(header, ancillary_[count_], source, front.to.interface, setup_.family);
  }
  put_manner(message, packets, header, ancillary_[count_]);
  return true;
}

// Beside the message, whatever address it is sent from.
void UdpTransmitter::put_manner(const Message& message, Packets packets, msghdr& header,
                                Ancillary& room) {
  const ports::OutgoingPacket& front = packets[message.first];
  if (message.count > 1) put_segment(header, room, size_of(front));
  if (front.tos != 0) put_tos(header, room, front.tos, front.to.remote.address.family());
}

// The kernel stopped in front of the message at.
std::size_t UdpTransmitter::after_refusal(int socket, int error, std::size_t at, Packets packets,
                                          unsigned& tries, DropCounters& drops) {
  if (error == EINTR) return 0;
  const Message message = messages_[at];
  if (would_block(error)) {
    for (std::size_t i = message.first; i < packets.size(); ++i) drops.add(Drop::queue_full);
    return count_ - at;
  }
  const bool train = message.count > 1;
  // It may be an echo of an earlier datagram, to anybody (ECONNREFUSED, EMSGSIZE).
  if (++tries == 1) return 0;
  // Or the address we were asked at may be gone: let routing choose the source.
  if (tries == 2 && error != EMSGSIZE) {
    clear_ancillary(headers_[at].msg_hdr);
    put_manner(message, packets, headers_[at].msg_hdr, ancillary_[at]);
    return 0;
  }
  tries = 0;
  if (!train && error == EMSGSIZE) alone_too_large_ = true;
  if (train && (error == EMSGSIZE || blames_trains(error))) {
    return after_refused_train(socket, error, message, packets, drops);
  }
  if (error == EMSGSIZE && setup_.may_fragment) error = send_in_fragments(socket, at);
  if (error == 0) return 1;
  for (std::size_t i = 0; i < message.count; ++i) drops.add(drop_of_send(error));
  return 1;
}

// Rare: nobody who cares for speed sends what does not fit.
int UdpTransmitter::send_in_fragments(int socket, std::size_t at) {
  const int want = IP_PMTUDISC_WANT, forbid = IP_PMTUDISC_DO;
  setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &want, sizeof want);
  const ssize_t sent = sendmsg(socket, &headers_[at].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
  int error = sent >= 0 ? 0 : errno;
  if (would_block(error)) error = ENOBUFS;
  setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &forbid, sizeof forbid);
  return error;
}

// Its datagrams go alone, and what follows is laid out anew. Trains are to blame only if a datagram
// went out alone: a receiver that gets none of them either (port 0) says nothing of trains. Until
// 2025 kernels said EINVAL, not EMSGSIZE, of a train that is too large for its device: then its
// datagrams are too large as well.
std::size_t UdpTransmitter::after_refused_train(int socket, int error, const Message& message,
                                                Packets packets, DropCounters& drops) {
  const Packets train = packets.subspan(message.first, message.count);
  const auto from_before =
      std::exchange(alone_from_, std::min(alone_from_, train.front().packet->size()));
  const auto for_before = std::exchange(alone_for_, alone_for_calls);
  alone_too_large_ = error == EMSGSIZE;
  accepted_ = false;
  send(socket, train, drops);
  if (!alone_too_large_ && accepted_) {
    refusal_.store(error, std::memory_order_relaxed);
    trains_.store(false, std::memory_order_relaxed);
  } else if (!alone_too_large_) {
    alone_from_ = from_before;
    alone_for_ = for_before;
  }
  send(socket, packets.subspan(message.first + message.count), drops);
  count_ = 0;
  return 1;
}

}  // namespace adit::system
