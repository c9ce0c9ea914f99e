#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "system/read_order.h"
#include "system/socket_options.h"
#include "system/udp_errors.h"
#include "system/udp_receiver.h"
#include "system/udp_transmitter.h"

namespace adit::system {

struct UdpSettings {
  Stack stack = Stack::v4;
  bool bind = true;  // false ("nobind"): the kernel picks a port with the first datagram
  std::optional<ip::Address> local;  // nothing: every address of the host
  std::uint16_t local_port = 1194;
  std::uint32_t local_scope_id = 0;  // link-local IPv6 only
  bool shares_port = false;          // one of a UdpGroup
  bool multihome = false;            // answer from the address that was asked even without bind
  bool same_interface = false;       // and by the interface the question came in
  // probe: nothing is fragmented, and the kernel's own idea of a path's MTU is not asked
  enum class MtuDiscovery { system, no, maybe, yes, probe } mtu_discovery = MtuDiscovery::system;
  bool trains = true;  // the kernel joins and cuts datagrams (UDP_GRO, UDP_SEGMENT) where it can
  SocketSettings socket;
};

// The outside over one UDP socket, unconnected: it serves every peer. Datagrams travel in batches,
// one system call for many, and trains of equal ones as one (UDP_SEGMENT, UDP_GRO). What the
// network reports about single datagrams is counted and never stops anything.
class UdpLink final : public ports::LinkPort {
 public:
  [[nodiscard]] static Result<std::unique_ptr<UdpLink>> open(const UdpSettings& settings);
  ~UdpLink() override;

  // What its reader waits for: one socket or two.
  [[nodiscard]] std::vector<int> fds() const;
  // A second socket of the same port, where all but data packets arrive; it is read with this one,
  // a few packets for several batches of data, so that a flood of either leaves room for the other.
  void take_control_socket(std::unique_ptr<UdpLink> socket) { control_ = std::move(socket); }
  [[nodiscard]] int fd() const;
  [[nodiscard]] ip::Endpoint local() const;  // as bound; port 0 before the first datagram of nobind
  [[nodiscard]] BufferSizes buffers_at_first() const;
  [[nodiscard]] BufferSizes buffers() const;
  // In bytes; nothing: as it is. Any thread.
  void resize_buffers(std::optional<unsigned> receive, std::optional<unsigned> send);
  [[nodiscard]] ports::LinkTraffic traffic() const override;
  [[nodiscard]] ports::LinkOffloads offloads() const override;
  // The kernel or a device was found not to cut trains. Any thread.
  [[nodiscard]] bool refused_trains() const { return transmitter_.refusal() != 0; }

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                                 std::size_t front_room) override;
  [[nodiscard]] bool holds_packets() const override {
    return receiver_.holds_packets() || (control_ && control_->holds_packets());
  }
  [[nodiscard]] std::span<const std::uint16_t> in_fragments() const override {
    return receiver_.in_fragments();
  }
  [[nodiscard]] std::size_t take_closed(std::span<ports::LinkAddress>) override { return 0; }
  [[nodiscard]] std::size_t take_too_large(std::span<ports::TooLarge> hints) override;
  [[nodiscard]] std::optional<ports::LinkError> take_error() override;
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) override {
    transmitter_.write(socket_.get(), packets, drops);
  }

 private:
  UdpLink(Fd socket, const UdpSettings& settings, BufferSizes at_first);

  void drain_errors();

  Fd socket_;
  BufferSizes buffers_at_first_;
  bool trains_ = true;   // as configured
  bool joined_ = false;  // UDP_GRO is on
  ReadOrder order_;      // the reading thread's, as the next two
  UdpErrors errors_;
  UdpReceiver receiver_;
  UdpTransmitter transmitter_;  // the writing thread's
  std::unique_ptr<UdpLink> control_;
};

}  // namespace adit::system
