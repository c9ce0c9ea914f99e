// The way of Ethernet frames down: a switch whose ports are the peers and the tap.

#include "ip/dhcp.h"
#include "ip/inner_packet.h"
#include "plane/down_lane.h"

namespace adit::plane {

namespace {
constexpr unsigned asked_per_second = 128;  // frames of unknown stations, for each peer
}

void DownLane::deliver_frame(const Arrival& arrival, Packet& frame) {
  const PeerSlot& peer = *arrival.peer;
  const auto header = ip::look_at_frame(frame.bytes());
  if (!header) return drop(peer, Drop::malformed);
  if (around_.setup.vlans && header->vlan() != 0) return drop(peer, Drop::blocked);
  if (around_.setup.server && !knows_station(arrival, frame, *header)) return;
  const bool no_v6 = around_.tables.inside().block_ipv6;
  if (no_v6 || peer.mss != 0 || peer.dhcp_router) {
    const MutableBytes packet = ip::ip_packet_of(frame.writable());
    const bool is_v6 = !packet.empty() && packet[0] >> 4 == 6;
    if (no_v6 && is_v6) return drop(peer, Drop::blocked);
    ip::clamp_mss(packet, peer.mss);
    if (peer.dhcp_router) look_for_router(peer, packet);
  }
  peer.meter->received.inside_bytes.add(frame.size());
  if (around_.setup.server && switched(arrival, frame, *header)) return;
  if (around_.setup.vlans) {
    make_room(arrival.at);
    if (!leave_vlan(*around_.setup.vlans, frame, peer.vlan)) return drop(peer, Drop::blocked);
  }
  inside_.push_back(&frame);
}

void DownLane::look_for_router(const PeerSlot& peer, MutableBytes packet) {
  const auto router = ip::take_dhcp_router(packet);
  if (router) report({Report::Kind::dhcp_router, peer.index, peer.address}, router->bytes());
}

// A frame of a station that is not known to be behind this peer goes the long way: the control
// thread learns where the station is, or does not agree, and hands the frame on.
bool DownLane::knows_station(const Arrival& arrival, const Packet& frame,
                             const ip::EthernetHeader& header) {
  const PeerSlot& peer = *arrival.peer;
  const Station station{header.source, peer.vlan};
  if (around_.tables.routes().macs.hear(station, peer.index)) return true;
  if (header.source.is_group() || header.source.is_unspecified()) {
    drop(peer, Drop::bad_source);
    return false;
  }
  if (!peer.meter->asking.one_more(now_, asked_per_second)) {
    drop(peer, Drop::queue_full);
    return false;
  }
  const bool fits = frame.size() <= largest_control_packet;
  report({Report::Kind::frame, peer.index, from_[arrival.at]},
         frame.bytes().first(fits ? frame.size() : ip::ethernet_header_bytes));
  return false;
}

// client-to-client: what is for another client goes to it alone, broadcasts to all and inside.
bool DownLane::switched(const Arrival& arrival, const Packet& frame,
                        const ip::EthernetHeader& header) {
  if (!around_.tables.clients_meet()) return false;
  const PeerSlot& peer = *arrival.peer;
  if (header.destination.is_group()) {
    for (PeerIndex index = 0; index < around_.tables.end(); ++index) {
      const PeerSlot* other = around_.tables.peer(index);
      if (other == nullptr || index == peer.index || other->vlan != peer.vlan) continue;
      hand_off(frame, *other, peer.index);
    }
    return false;
  }
  const Station to{header.destination, peer.vlan};
  const PeerSlot* other = around_.tables.peer(around_.tables.routes().macs.find(to));
  if (other == nullptr || other->index == peer.index) return false;
  hand_off(frame, *other, peer.index);
  return true;
}

}  // namespace adit::plane
