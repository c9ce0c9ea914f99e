#pragma once

#include <string>
#include <vector>

#include "firewall/judge.h"
#include "firewall/plan.h"
#include "system/kernel_routes.h"

namespace adit::firewall {

// A packet that must pass for a plan to work, and what it is to people.
struct Question {
  Packet packet;
  std::string what;  // "packets from tun0 to 192.168.1.0/24"
};

// Which device leads to a network, by the kernel's own tables.
class Routes {
 public:
  // The texts of /proc/net/route and /proc/net/ipv6_route.
  Routes(const std::string& routes4, const std::string& routes6);
  // Empty when none leads there.
  [[nodiscard]] std::string device_to(const ip::Address& address) const;

 private:
  std::vector<system::KernelRoute> routes_;
};

[[nodiscard]] std::vector<Question> questions_of(const Plan& plan, const Routes& routes);

}  // namespace adit::firewall
