#pragma once

#include <array>
#include <atomic>
#include <sys/uio.h>

#include "plane/counters.h"
#include "plane/lane.h"
#include "ports/link_port.h"
#include "system/socket_address.h"
#include "system/udp_ancillary.h"

namespace adit::system {

// The writing half of a UDP socket. Consecutive packets of one size and TOS for one receiver travel
// through the kernel as one (UDP_SEGMENT), and many messages in one system call. One thread.
class UdpTransmitter {
 public:
  struct Setup {
    int family = 0;  // AF_INET or AF_INET6
    bool states_source = false;
    bool trains = true;
    // The socket forbids fragments of IPv4 only so that trains do: a datagram alone that is too
    // large is to be cut by the kernel.
    bool may_fragment = false;
  };

  void set(const Setup& setup);
  // As LinkPort::write.
  void write(int socket, std::span<const ports::OutgoingPacket> packets, DropCounters& drops);

  // Any thread.
  [[nodiscard]] bool sends_trains() const { return trains_.load(std::memory_order_relaxed); }
  // Why the kernel was found not to cut trains: an error number.
  [[nodiscard]] int refusal() const { return refusal_.load(std::memory_order_relaxed); }
  // Messages given to the kernel, and datagrams in them.
  [[nodiscard]] const plane::BatchMeter& train_meter() const { return train_meter_; }

 private:
  static constexpr std::size_t most_packets = plane::batch_packets;

  // One message of the batch: a train, or one datagram.
  struct Message {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  using Packets = std::span<const ports::OutgoingPacket>;

  void send(int socket, Packets packets, DropCounters& drops);
  void lay_out(Packets packets, DropCounters& drops);
  [[nodiscard]] std::size_t train_length(Packets packets) const;
  [[nodiscard]] bool prepare(const Message& message, Packets packets);
  static void put_manner(const Message& message, Packets packets, msghdr& header, Ancillary& room);
  // Each returns how many messages to pass over; 0: try again.
  std::size_t after_refusal(int socket, int error, std::size_t at, Packets packets, unsigned& tries,
                            DropCounters& drops);
  // 0, or why not.
  [[nodiscard]] int send_in_fragments(int socket, std::size_t at);
  std::size_t after_refused_train(int socket, int error, const Message& message, Packets packets,
                                  DropCounters& drops);

  Setup setup_;
  std::array<mmsghdr, most_packets> headers_{};
  std::array<iovec, most_packets> pieces_{};
  std::array<SocketAddress, most_packets> addresses_{};
  std::array<Ancillary, most_packets> ancillary_{};
  std::array<Message, most_packets> messages_{};
  std::size_t count_ = 0;  // of messages
  // Datagrams of this size and more go alone, for as many calls: one did not fit its device.
  std::size_t alone_from_ = SIZE_MAX;
  std::size_t alone_for_ = 0;
  bool alone_too_large_ = false;  // a datagram that went alone did not fit either
  bool accepted_ = false;         // the kernel took a message
  std::atomic<bool> trains_{true};
  std::atomic<int> refusal_{0};
  plane::BatchMeter train_meter_;
};

}  // namespace adit::system
