// A frame of a tap device: whatever it holds, its parts lie inside it; a tag that is put in and
// taken out again changes nothing; and a frame that comes in from the tap and leaves it again is as
// it was, or has the tag of its VLAN.
//
//   accept (1) | VLAN of the tap (2) | frame

#include <algorithm>

#include "ip/dhcp.h"
#include "ip/inner_packet.h"
#include "plane/vlans.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

constexpr std::size_t room = 8;

void look_inside(Bytes frame) {
  const auto header = ip::look_at_frame(frame);
  ADIT_ASSERT(header.has_value() || frame.size() < ip::ethernet_header_bytes + ip::vlan_tag_bytes);
  if (header) ADIT_ASSERT(header->size <= frame.size());
  const auto at = ip::ip_begins_at(frame);
  const Bytes packet = ip::ip_packet_of(frame);
  if (at) ADIT_ASSERT(*at < frame.size());
  if (packet.empty()) return;
  ADIT_ASSERT(at && packet.data() == frame.data() + *at);
  ADIT_ASSERT(packet.data() + packet.size() <= frame.data() + frame.size());
  const auto inner = ip::look(packet);
  ADIT_ASSERT(inner && inner->total_length == packet.size());
}

void through_the_tap(const plane::Vlans& vlans, const Buffer& bytes) {
  const auto header = ip::look_at_frame(bytes);
  if (!header) return;
  Buffer storage(room + bytes.size());
  Packet frame(storage, 0, 0);
  frame.assign(bytes, room);
  const auto vlan = plane::enter_vlan(vlans, frame, *header);
  if (!vlan) return;
  const auto entered = ip::look_at_frame(frame.bytes());
  const bool two_tags = header->type == 0x8100 && header->tag;
  if (two_tags || *vlan > ip::last_vlan) return;
  ADIT_ASSERT(entered && entered->vlan() == 0 && entered->source == header->source);
  const bool left = plane::leave_vlan(vlans, frame, *vlan);
  ADIT_ASSERT(left);
  const auto after = ip::look_at_frame(frame.bytes());
  const bool native = *vlan == vlans.of_tap && vlans.accept != plane::Vlans::Accept::tagged;
  ADIT_ASSERT(after && after->vlan() == (native ? 0 : *vlan));
  ADIT_ASSERT(after->type == header->type);
}

// What a DHCP server's answer is made shorter by stays in its place as padding.
void without_router(Buffer frame) {
  const Buffer before = frame;
  const MutableBytes packet = ip::ip_packet_of(MutableBytes(frame));
  if (ip::take_dhcp_router(packet)) {
    ADIT_ASSERT(frame != before && ip::ip_packet_of(Bytes(frame)).size() == packet.size());
  } else {
    ADIT_ASSERT(frame == before);
  }
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  plane::Vlans vlans;
  vlans.accept = static_cast<plane::Vlans::Accept>(input.below(3));
  vlans.of_tap = static_cast<std::uint16_t>(1 + (input.u8() << 8 | input.u8()) % ip::last_vlan);
  const Buffer frame = to_buffer(input.rest());
  look_inside(frame);
  without_router(frame);
  through_the_tap(vlans, frame);
}

}  // namespace adit::fuzz
