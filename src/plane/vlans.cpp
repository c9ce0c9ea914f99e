#include "plane/vlans.h"

namespace adit::plane {

std::optional<std::uint16_t> enter_vlan(const Vlans& vlans, Packet& frame,
                                        const ip::EthernetHeader& header) {
  if (!header.tag && vlans.accept == Vlans::Accept::tagged) return std::nullopt;
  if (header.vlan() == 0) return vlans.of_tap;  // a priority alone stays in the frame
  if (vlans.accept == Vlans::Accept::untagged) return std::nullopt;
  ip::remove_vlan_tag(frame);
  return header.vlan();
}

bool leave_vlan(const Vlans& vlans, Packet& frame, std::uint16_t vlan) {
  if (vlans.accept == Vlans::Accept::untagged) return vlan == vlans.of_tap;
  const bool native = vlan == vlans.of_tap && vlans.accept == Vlans::Accept::all;
  if (!native) ip::add_vlan_tag(frame, vlan);
  return true;
}

}  // namespace adit::plane
