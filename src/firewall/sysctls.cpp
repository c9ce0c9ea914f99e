#include "firewall/sysctls.h"

#include <algorithm>

#include "firewall/ruleset.h"

namespace adit::firewall {

namespace {

bool has_family(const std::vector<ip::Prefix>& prefixes, ip::Family family) {
  return std::ranges::any_of(
      prefixes, [&](const ip::Prefix& prefix) { return prefix.address.family() == family; });
}

// Whether packets of this family pass between the tunnel and other hosts here.
bool forwards(const Plan& plan, ip::Family family) {
  if (!has_family(plan.tunnel, family) && !has_family(plan.far, family)) return false;
  if (plan.full_tunnel || has_family(plan.lans, family) || has_family(plan.far, family)) {
    return true;
  }
  return std::ranges::any_of(plan.maps,
                             [&](const Map& map) { return map.real.address.family() == family; });
}

// What the far side takes of the world: answers then leave through the tunnel while strangers'
// packets still come in where they always did.
bool takes_the_world(const Plan& plan) {
  return std::ranges::any_of(plan.far, [](const ip::Prefix& prefix) {
    return prefix.address.is_v4() && prefix.length <= 1;
  });
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

}  // namespace

std::vector<Sysctl> needed_sysctls(const Plan& plan, const Uplinks& uplinks) {
  std::vector<Sysctl> needed;
  if (forwards(plan, ip::Family::v6)) {
    for (const std::string& device : uplinks.advertised) {
      needed.push_back({"net.ipv6.conf." + device + ".accept_ra", "2",
                        "a forwarding host would lose the default route that its router "
                        "advertises",
                        false});
    }
    needed.push_back({"net.ipv6.conf.all.forwarding", "1", "IPv6 packets pass through", false});
  }
  if (forwards(plan, ip::Family::v4)) {
    needed.push_back({"net.ipv4.ip_forward", "1", "packets pass through this host", false});
  }
  if (takes_the_world(plan)) {
    for (const std::string& device : uplinks.defaults) {
      if (device.starts_with(plan.device)) continue;  // the tunnel itself
      needed.push_back({"net.ipv4.conf." + device + ".rp_filter", "2",
                        "strangers come in here while the way back leads into the tunnel", false});
    }
  }
  if (forwards(plan, ip::Family::v4)) {
    needed.push_back({"net.ipv4.conf." + device_pattern(plan.device) + ".rp_filter", "2",
                      "hosts behind the far side may be reached by more than one way", true});
  }
  return needed;
}

Uplinks uplinks_of(const std::vector<system::KernelRoute>& routes) {
  Uplinks uplinks;
  for (const system::KernelRoute& route : routes) {
    if (route.to.length != 0) continue;
    if (route.to.address.is_v4()) add_once(uplinks.defaults, route.device);
    if (route.by_advertisement) add_once(uplinks.advertised, route.device);
  }
  return uplinks;
}

}  // namespace adit::firewall
