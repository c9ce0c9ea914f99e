#include "node/ethernet_setup.h"

namespace adit::node {

namespace {

plane::Vlans::Accept accepted(options::Vlan::Accept accept) {
  switch (accept) {
    case options::Vlan::Accept::tagged:
      return plane::Vlans::Accept::tagged;
    case options::Vlan::Accept::untagged:
      return plane::Vlans::Accept::untagged;
    case options::Vlan::Accept::all:
      break;
  }
  return plane::Vlans::Accept::all;
}

}  // namespace

void set_ethernet(plane::PlaneSetup& plane, const options::Config& config) {
  plane.ethernet = config.device.is_tap();
  const options::Vlan& vlan = config.server.vlan;
  if (plane.ethernet && vlan.tagging) plane.vlans = {accepted(vlan.accept), vlan.pvid};
}

}  // namespace adit::node
