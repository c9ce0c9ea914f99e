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
  // vnet  whether packets have a vnet header
  TunReader(int fd, bool vnet);

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::size_t front_room);

  plane::Counter reads, packets_read, oversized, malformed;

 private:
  enum class Got { nothing, packet, whole, refused };

  [[nodiscard]] std::size_t read_plain(std::span<Packet> packets, std::size_t front_room);
  [[nodiscard]] std::size_t read_vnet(std::span<Packet> packets, std::size_t front_room);
  [[nodiscard]] Got read_one(Packet& packet, std::size_t front_room);
  [[nodiscard]] Got take_whole(const ip::VnetHeader& header, Bytes landed, std::size_t size);
  [[nodiscard]] std::size_t hand_out(std::span<Packet> packets, std::size_t front_room);

  int fd_;
  Buffer whole_;  // empty without vnet headers
  ip::Segments segments_;
};

}  // namespace adit::system
