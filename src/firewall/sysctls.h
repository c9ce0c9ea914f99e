#pragma once

#include <string>
#include <vector>

#include "firewall/plan.h"
#include "system/kernel_routes.h"

namespace adit::firewall {

// A setting of the kernel that a plan needs.
struct Sysctl {
  std::string name;   // net.ipv4.ip_forward; a device may be a pattern, "tun*", as in sysctl.d
  std::string value;  // "1"
  std::string why;
  bool late = false;  // of a device that may not be there yet: for sysctl.d, not to be set now
};

// What a plan's needs depend on beside itself.
struct Uplinks {
  std::vector<std::string> advertised;  // devices whose IPv6 default route a router advertises
  std::vector<std::string> defaults;    // devices with an IPv4 default route
};

// In the order in which they are to be set.
[[nodiscard]] std::vector<Sysctl> needed_sysctls(const Plan& plan, const Uplinks& uplinks = {});
[[nodiscard]] Uplinks uplinks_of(const std::vector<system::KernelRoute>& routes);

}  // namespace adit::firewall
