#pragma once

// What the two lanes have in common: messages to and from the control thread, and packet storage.

#include <vector>

#include "plane/message_ring.h"
#include "plane/peer.h"

namespace adit::plane {

inline constexpr std::size_t batch_packets = 128;
// Room in front of every packet: the largest data header (peer id, SHA-512, IV, long id), framing
// and a TCP length; and behind it: padding, tag, a swapped byte.
inline constexpr std::size_t front_room = 128;
inline constexpr std::size_t back_room = 64;
inline constexpr std::size_t largest_control_packet = 2048;

// From a lane to the control thread.
struct Report {
  enum class Kind : std::uint8_t {
    control_packet,  // bytes: the datagram, still wrapped
    payload,         // bytes: an OCC message from inside
    heard,           // the packet that await_packet() was about
    moved,           // an authentic data packet came from another address
    stream_closed,
    stream_fault,  // a data packet on TCP did not authenticate: the connection must go
    bad_source,    // bytes: the inner source address that is not the peer's
    recursive,     // our own outer packet was about to enter the tunnel
    echo,          // bytes: sequence and length, 16 bits each, of an answer to our echo request
    frame,         // bytes: a frame whose sender is not known to be behind the peer
    dhcp_router,   // bytes: the address that a DHCP server has named, see PeerSpec
    flow,          // bytes: a LargeFlow, encoded; from DownLane::ask_flows
    too_large,     // bytes: 32 bits, the MTU that the network told of the way to "from"
    not_reached,   // bytes: errno and descriptor, 32 bits each, of what was sent to "from"
  };
  Kind kind = Kind::control_packet;
  PeerIndex peer = no_peer;
  ports::LinkAddress from;
};
using ReportRing = MessageRing<Report>;

// From the control thread to the up lane.
struct Order {
  enum class Kind : std::uint8_t {
    datagram,  // bytes: a control packet, as it goes out
    payload,   // bytes: sealed and sent to the peer (ping, OCC)
    frame,     // bytes: goes where a frame of the peer goes
  };
  Kind kind = Kind::datagram;
  PeerIndex peer = no_peer;
  ports::LinkAddress to;
};
using OrderRing = MessageRing<Order>;

// A batch of packets and the memory they lie in.
class PacketPool {
 public:
  explicit PacketPool(std::size_t largest_packet)
      : stride_(front_room + largest_packet + back_room), memory_(stride_ * batch_packets) {
    for (std::size_t i = 0; i < batch_packets; ++i) {
      packets_.emplace_back(MutableBytes(memory_).subspan(i * stride_, stride_), 0, 0);
    }
  }
  [[nodiscard]] std::span<Packet> packets() { return packets_; }
  Packet& operator[](std::size_t i) { return packets_[i]; }
  const Packet& operator[](std::size_t i) const { return packets_[i]; }

 private:
  std::size_t stride_;
  Buffer memory_;
  std::vector<Packet> packets_;
};

}  // namespace adit::plane
