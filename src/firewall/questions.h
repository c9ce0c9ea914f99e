#pragma once

#include <string>
#include <vector>

#include "firewall/judge.h"
#include "firewall/plan.h"

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
  struct Route {
    ip::Prefix to;
    std::string device;
    unsigned long metric = 0;
  };
  void read4(const std::string& table);
  void read6(const std::string& table);

  std::vector<Route> routes_;
};

[[nodiscard]] std::vector<Question> questions_of(const Plan& plan, const Routes& routes);

}  // namespace adit::firewall
