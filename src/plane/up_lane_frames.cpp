// The way of Ethernet frames up: a switch whose ports are the peers and the tap.

#include "ip/inner_packet.h"
#include "plane/up_lane.h"

namespace adit::plane {

void UpLane::route_frame(Packet& frame) {
  const auto header = ip::look_at_frame(frame.bytes());
  if (!header) return drops_.add(Drop::malformed);
  if (!around_.setup.server) return send_to_other_end(frame);
  std::uint16_t vlan = 0;
  if (around_.setup.vlans) {
    const auto entered = enter_vlan(*around_.setup.vlans, frame, *header);
    if (!entered) return drops_.add(Drop::blocked);
    vlan = *entered;
  }
  if (header->destination.is_group()) return broadcast(frame, no_peer, vlan);
  const PeerIndex index = around_.tables.routes().macs.find({header->destination, vlan});
  const PeerSlot* peer = around_.tables.peer(index);
  if (peer == nullptr) return drops_.add(Drop::no_route);
  send_inside(frame, *peer, Origin::tun);
}

void UpLane::send_to_other_end(Packet& frame) {
  const Bytes packet = ip::ip_packet_of(frame.bytes());
  const bool is_v6 = !packet.empty() && packet[0] >> 4 == 6;
  if (is_v6 && around_.tables.inside().block_ipv6) return drops_.add(Drop::blocked);
  if (!packet.empty() && circles(packet, ip::look(packet)->destination)) return;
  const PeerSlot* peer = around_.tables.peer(0);
  if (peer == nullptr) return drops_.add(Drop::unknown_peer);
  send_inside(frame, *peer, Origin::tun);
}

// What the down lane could not decide: a frame of a station that was not known yet.
void UpLane::forward_frame(Packet& frame, PeerIndex from) {
  const PeerSlot* sender = around_.tables.peer(from);
  const auto header = ip::look_at_frame(frame.bytes());
  if (sender == nullptr || !header) return drops_.add(Drop::unknown_peer);
  if (around_.tables.clients_meet()) {
    if (header->destination.is_group()) {
      broadcast(frame, from, sender->vlan);
    } else {
      const Station to{header->destination, sender->vlan};
      const PeerSlot* other = around_.tables.peer(around_.tables.routes().macs.find(to));
      if (other != nullptr && other != sender) return send_inside(frame, *other, Origin::peer);
    }
  }
  if (around_.setup.vlans && !leave_vlan(*around_.setup.vlans, frame, sender->vlan)) {
    return drops_.add(Drop::blocked);
  }
  Packet* const frames[] = {&frame};
  around_.tun.write(frames, drops_);
}

}  // namespace adit::plane
