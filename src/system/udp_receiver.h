#pragma once

#include <array>
#include <memory>
#include <sys/uio.h>
#include <vector>

#include "plane/counters.h"
#include "ports/link_port.h"
#include "system/socket_address.h"
#include "system/udp_ancillary.h"

namespace adit::system {

// The reading half of a UDP socket. Datagrams land in slots of 64 KB, where the kernel may have
// joined many of one sender (UDP_GRO); packets look into the slots. One thread.
class UdpReceiver {
 public:
  struct Setup {
    bool asks_destination = false;
    bool keeps_interface = false;  // answers are to leave where the question came in
    ip::Address bound;  // when bound to one address, that is where everything was sent to
  };
  UdpReceiver();

  void set(const Setup& setup) { setup_ = setup; }
  // As LinkPort::read, where so many packets of others stand before. What is handed out looks into
  // the slots until the next call.
  [[nodiscard]] std::size_t read(int socket, std::span<Packet> packets,
                                 std::span<ports::LinkAddress> from, std::size_t front_room,
                                 std::size_t before = 0);
  [[nodiscard]] std::span<const std::uint16_t> in_fragments() const { return in_fragments_; }
  // Whether the last call left some for the next one.
  [[nodiscard]] bool holds_packets() const { return next_ < count_; }
  void forget_fragments() { in_fragments_.clear(); }

  // Any thread.
  [[nodiscard]] const plane::DropBoard& drops() const { return board_; }
  [[nodiscard]] const plane::BatchMeter& meter() const { return meter_; }

 private:
  static constexpr std::size_t slots = 64;

  // A message that landed, and how much of it was handed out.
  struct Landed {
    std::uint8_t* at = nullptr;
    std::size_t left = 0;
    std::size_t segment = 0;  // bytes of each datagram but the last
    ports::LinkAddress from;
    bool in_fragments = false;
  };
  struct Output {
    std::span<Packet> packets;
    std::span<ports::LinkAddress> from;
    std::size_t largest;
    std::size_t filled = 0;
    [[nodiscard]] bool full() const { return filled == packets.size(); }
  };

  [[nodiscard]] bool receive(int socket, std::size_t wanted_packets);
  [[nodiscard]] int receive_messages(int socket, std::size_t wanted_packets);
  std::size_t land(std::size_t slot, const mmsghdr& message);
  void hand_out(Output& out);
  void hand_out_one(Output& out, Landed& landed);

  Setup setup_;
  std::unique_ptr<std::uint8_t[]> memory_;  // left uninitialised: most of it is never touched
  std::array<mmsghdr, slots> messages_{};
  std::array<iovec, slots> pieces_{};
  std::array<SocketAddress, slots> addresses_{};
  std::array<Ancillary, slots> ancillary_{};
  std::array<Landed, slots> landed_{};
  std::size_t next_ = 0, count_ = 0;  // of landed_
  std::size_t train_ = 1;             // datagrams in a message, of late
  std::vector<std::uint16_t> in_fragments_;
  DropCounters drops_;
  plane::DropBoard board_;
  plane::BatchMeter meter_;
};

}  // namespace adit::system
