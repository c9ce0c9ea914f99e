#include "firewall/questions.h"

namespace adit::firewall {

Routes::Routes(const std::string& routes4, const std::string& routes6)
    : routes_(system::parse_routes(routes4, routes6)) {}

std::string Routes::device_to(const ip::Address& address) const {
  const system::KernelRoute* best = nullptr;
  for (const system::KernelRoute& route : routes_) {
    if (!route.to.contains(address)) continue;
    const bool better = best == nullptr || route.to.length > best->to.length ||
                        (route.to.length == best->to.length && route.metric < best->metric);
    if (better) best = &route;
  }
  return best == nullptr ? std::string() : best->device;
}

}  // namespace adit::firewall
