#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ip/address.h"

namespace adit::system {

// One route of this host.
struct KernelRoute {
  ip::Prefix to;  // a default route has length 0
  std::string device;
  bool by_advertisement = false;  // IPv6: a router said so
  std::uint32_t metric = 0;       // of routes to the same network the smallest counts
};

// The kernel's own tables as text: /proc/net/route and /proc/net/ipv6_route. Lines that cannot be
// read, and routes that lead nowhere (loopback, local, multicast), are left out. Pure.
[[nodiscard]] std::vector<KernelRoute> parse_routes(std::string_view table4,
                                                    std::string_view table6);

}  // namespace adit::system
