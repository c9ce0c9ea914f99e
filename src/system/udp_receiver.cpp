#include "system/udp_receiver.h"

#include <algorithm>
#include <cerrno>

#include "plane/lane.h"
#include "system/kernel_error.h"

namespace adit::system {

namespace {

// Errors the socket may report in a row before read() leaves the rest to its next call.
constexpr unsigned most_attempts = 16;

// Slots do not all begin in the same sets of a cache.
constexpr std::size_t largest_message = 65536;
constexpr std::size_t slot_bytes = largest_message + 1600;

}  // namespace

UdpReceiver::UdpReceiver() : memory_(new std::uint8_t[slots * slot_bytes]) {
  in_fragments_.reserve(plane::batch_packets);
  for (std::size_t i = 0; i < slots; ++i) {
    pieces_[i] = {memory_.get() + i * slot_bytes, largest_message};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_name = addresses_[i].raw();
  }
}

std::size_t UdpReceiver::read(int socket, std::span<Packet> packets,
                              std::span<ports::LinkAddress> from, std::size_t front_room,
                              std::size_t before) {
  const std::size_t most = std::min(packets.size(), from.size());
  ADIT_ASSERT(most > 0);
  const std::size_t room = packets[0].landing(front_room).size();
  ADIT_ASSERT(room > plane::back_room);
  Output out{packets.first(most), from, room - plane::back_room};
  in_fragments_.clear();
  for (unsigned attempt = 0; attempt < most_attempts && out.filled == 0; ++attempt) {
    if (next_ == count_ && !receive(socket, most)) break;
    hand_out(out);
  }
  for (std::uint16_t& at : in_fragments_) at = static_cast<std::uint16_t>(at + before);
  meter_.batch(out.filled);
  board_.publish(drops_);
  return out.filled;
}

// False: nothing is there now.
bool UdpReceiver::receive(int socket, std::size_t wanted_packets) {
  next_ = count_ = 0;
  const int count = receive_messages(socket, wanted_packets);
  if (count < 0 && would_block(errno)) return false;
  if (count < 0) {
    drops_.add(Drop::link_error);
    return true;
  }
  std::size_t datagrams = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    datagrams += land(i, messages_[i]);
  }
  count_ = static_cast<std::size_t>(count);
  train_ = std::max<std::size_t>(datagrams / std::max<std::size_t>(count_, 1), 1);
  return true;
}

// Asks for about as much as the caller takes: what waits in slots grows cold.
int UdpReceiver::receive_messages(int socket, std::size_t wanted_packets) {
  const std::size_t wanted = std::clamp<std::size_t>(wanted_packets / train_, 1, slots);
  for (std::size_t i = 0; i < wanted; ++i) {
    msghdr& header = messages_[i].msg_hdr;
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_control = ancillary_[i].bytes.data();
    header.msg_controllen = ancillary_[i].bytes.size();
  }
  return recvmmsg(socket, messages_.data(), static_cast<unsigned>(wanted), MSG_DONTWAIT, nullptr);
}

// Returns how many datagrams it holds.
std::size_t UdpReceiver::land(std::size_t slot, const mmsghdr& message) {
  Landed& landed = landed_[slot];
  const ReceivedAncillary told = read_ancillary(message.msg_hdr);
  landed.at = memory_.get() + slot * slot_bytes;
  landed.left = message.msg_len;
  landed.segment = told.segment != 0 ? told.segment : landed.left;
  landed.in_fragments = told.in_fragments;
  landed.from = {to_endpoint(addresses_[slot]),
                 setup_.asks_destination ? told.destination : setup_.bound};
  if (setup_.keeps_interface) landed.from.interface = told.interface;
  const std::size_t datagrams =
      landed.left > 0 ? (landed.left + landed.segment - 1) / landed.segment : 1;
  if (landed.left > 0 && landed.from.remote.port != 0) return datagrams;
  landed.left = 0;  // an answer to port 0 goes nowhere
  for (std::size_t i = 0; i < datagrams; ++i) drops_.add(Drop::malformed);
  return datagrams;
}

void UdpReceiver::hand_out(Output& out) {
  for (; next_ < count_; ++next_) {
    Landed& landed = landed_[next_];
    while (landed.left > 0) {
      if (out.full()) return;
      hand_out_one(out, landed);
    }
  }
}

void UdpReceiver::hand_out_one(Output& out, Landed& landed) {
  const std::size_t size = std::min(landed.segment, landed.left);
  const MutableBytes datagram(landed.at, size);
  landed.at += size;
  landed.left -= size;
  if (size > out.largest) return drops_.add(Drop::too_big);
  if (landed.in_fragments) in_fragments_.push_back(static_cast<std::uint16_t>(out.filled));
  out.packets[out.filled] = Packet(datagram, 0, size);
  out.from[out.filled++] = landed.from;
}

}  // namespace adit::system
