#pragma once

#include "ip/segment.h"
#include "plane/counters.h"
#include "ports/tun_port.h"

namespace adit::system {

// Reads packets from a tun device and splits what the kernel left whole:
//
//   readv → the vnet header | the next packet's place | what is larger goes on in whole_
//     to be split?  the part in the packet's place moves to the front of whole_
//                   Segments writes packet after packet from there, over several calls of read()
//     otherwise     the packet is where it belongs
//
// For one thread; the counters for any.
class TunReader {
 public:
  // vnet      whether packets have a vnet header
  // ethernet  whether they are frames
  TunReader(int fd, bool vnet, bool ethernet = false);

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::size_t front_room);

  plane::Counter reads, packets_read, oversized, malformed;

 private:
  enum class Got { nothing, packet, whole, refused };

  [[nodiscard]] std::size_t read_plain(std::span<Packet> packets, std::size_t front_room);
  [[nodiscard]] std::size_t read_vnet(std::span<Packet> packets, std::size_t front_room);
  [[nodiscard]] Got read_one(Packet& packet, std::size_t front_room);
  [[nodiscard]] Got take_whole(const ip::VnetHeader& header, Bytes landed, std::size_t size);
  [[nodiscard]] Drop begin(ip::VnetHeader header, Bytes whole);
  [[nodiscard]] std::size_t hand_out(std::span<Packet> packets, std::size_t front_room);
  [[nodiscard]] std::size_t next_segment(MutableBytes room);

  int fd_;
  bool ethernet_;
  Buffer whole_;          // empty without vnet headers
  std::size_t link_ = 0;  // bytes of the Ethernet header in front of what is split
  ip::Segments segments_;
};

}  // namespace adit::system
