#pragma once

#include <vector>

#include "ports/link_port.h"

namespace adit::system {

// Several sockets as one link, for a server that listens in several places: those of datagrams,
// told apart by LinkAddress::socket, and at most one link of streams.
class JoinedLink final : public ports::LinkPort {
 public:
  // Both must outlive it. streams: nullptr: there are none.
  JoinedLink(std::vector<ports::LinkPort*> datagrams, ports::LinkPort* streams);

  // No socket takes the room of the others, and another comes first each time.
  [[nodiscard]] std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                                 std::size_t front_room) override;
  [[nodiscard]] std::span<const std::uint16_t> in_fragments() const override {
    return in_fragments_;
  }
  [[nodiscard]] std::size_t take_closed(std::span<ports::LinkAddress> streams) override;
  [[nodiscard]] std::size_t take_too_large(std::span<ports::TooLarge> hints) override;
  [[nodiscard]] std::optional<ports::LinkError> take_error() override;
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) override;
  [[nodiscard]] ports::LinkTraffic traffic() const override;
  [[nodiscard]] ports::LinkOffloads offloads() const override;
  void close_stream(std::uint32_t stream) override;

 private:
  [[nodiscard]] ports::LinkPort* part_for(const ports::LinkAddress& to) const;

  std::vector<ports::LinkPort*> parts_;  // of datagrams by their number, then of streams
  std::size_t datagram_parts_;
  std::size_t first_ = 0;                    // the reading thread's
  std::vector<std::uint16_t> in_fragments_;  // the reading thread's
};

}  // namespace adit::system
