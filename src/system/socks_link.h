#pragma once

#include <array>
#include <vector>

#include "plane/lane.h"
#include "ports/link_port.h"

namespace adit::system {

// Datagrams by way of a SOCKS relay: each has a header in front that says whom it is for or from,
// so that everybody above sees the other end and not the relay. Over IPv4 inside the relay.
// below must outlive it.
class SocksLink final : public ports::LinkPort {
 public:
  SocksLink(ports::LinkPort& below, const ip::Endpoint& relay, const ip::Endpoint& server)
      : below_(below), server_(server) {
    relay_.remote = relay;
    given_.reserve(plane::batch_packets);
  }

  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                                 std::size_t front_room) override;
  [[nodiscard]] std::size_t take_closed(std::span<ports::LinkAddress>) override { return 0; }
  [[nodiscard]] std::size_t take_too_large(std::span<ports::TooLarge> hints) override;
  // Of the way to the relay.
  [[nodiscard]] std::optional<ports::LinkError> take_error() override {
    return below_.take_error();
  }
  // Each packet needs ten bytes of room in front.
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) override;
  [[nodiscard]] ports::LinkTraffic traffic() const override { return below_.traffic(); }
  [[nodiscard]] ports::LinkOffloads offloads() const override { return below_.offloads(); }

 private:
  ports::LinkPort& below_;
  ip::Endpoint server_;
  ports::LinkAddress relay_;
  std::vector<Packet> given_;                                           // to the reading thread
  std::array<ports::OutgoingPacket, plane::batch_packets> outgoing_{};  // the writing thread's
};

}  // namespace adit::system
