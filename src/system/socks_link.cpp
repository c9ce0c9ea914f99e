#include "system/socks_link.h"

#include <algorithm>

#include "proxy/socks_header.h"

namespace adit::system {

std::size_t SocksLink::read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                            std::size_t front_room) {
  given_.assign(packets.begin(), packets.end());
  const std::size_t count = below_.read(packets, from, front_room);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (from[i].remote != relay_.remote) continue;
    const auto sender = proxy::take_socks_header(packets[i]);
    if (!sender) continue;
    packets[kept] = packets[i];
    from[kept] = from[i];
    // Some relays do not say whom it is from.
    from[kept++].remote = sender->address.is_unspecified() ? server_ : *sender;
  }
  for (std::size_t i = kept; i < count; ++i) packets[i] = given_[i];
  return kept;
}

std::size_t SocksLink::take_too_large(std::span<ports::TooLarge> hints) {
  const std::size_t count = below_.take_too_large(hints);
  for (ports::TooLarge& hint : hints.first(count)) hint.to = server_;
  return count;
}

void SocksLink::write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) {
  std::size_t count = 0;
  const auto send = [&] {
    if (count > 0) below_.write(std::span(outgoing_).first(count), drops);
    count = 0;
  };
  for (const ports::OutgoingPacket& packet : packets) {
    const ip::Endpoint& to = packet.to.remote;
    if (!to.address.is_v4() || packet.packet->front_room() < proxy::socks_header_bytes) {
      drops.add(Drop::link_error);
      continue;
    }
    proxy::put_socks_header(*packet.packet, to);
    outgoing_[count++] = {packet.packet, relay_, packet.tos};
    if (count == outgoing_.size()) send();
  }
  send();
}

}  // namespace adit::system
