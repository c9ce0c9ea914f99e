#include "node/plane_setup.h"

#include <algorithm>

#include "node/channel_setup.h"
#include "plane/lane.h"

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

// Packets of this size fit.
std::size_t largest_packet(const options::Connection& connection, unsigned tun_mtu) {
  const unsigned most = std::max({tun_mtu, connection.tun_mtu_max.value_or(1600), 1500u});
  return std::max<std::size_t>(plane::largest_control_packet, most + 256);
}

// Whoever has packets of TCP come out as they were sent wants this of acknowledgements too.
bool joins_tcp(options::FastPath::TunOffload offload) {
  using Offload = options::FastPath::TunOffload;
  return offload == Offload::automatic || offload == Offload::no_uso;
}

}  // namespace

plane::PlaneSetup make_plane_setup(const options::Config& config,
                                   const options::Connection& connection, const MtuSetup& mtu) {
  plane::PlaneSetup plane;
  plane.largest_packet = largest_packet(connection, mtu.tun_mtu);
  plane.ethernet = config.device.is_tap();
  plane.latest_acknowledgements = !plane.ethernet && joins_tcp(config.fast.tun_offload);
  const options::Vlan& vlan = config.server.vlan;
  if (plane.ethernet && vlan.tagging) plane.vlans = {accepted(vlan.accept), vlan.pvid};
  plane.fragments = mtu.fragment.has_value();
  plane.compress = may_compress(config.channel);
  plane.block_ipv6 = config.device.block_ipv6;
  plane.pass_tos = config.remotes.pass_tos;
  return plane;
}

}  // namespace adit::node
