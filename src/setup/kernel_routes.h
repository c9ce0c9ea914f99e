#pragma once

#include <string_view>
#include <vector>

#include "setup/host.h"

namespace adit::setup {

// The kernel's own tables as text: /proc/net/route and /proc/net/ipv6_route. Lines that cannot be
// read, and routes that lead nowhere (loopback, local, multicast), are left out.
[[nodiscard]] std::vector<HostRoute> parse_routes_v4(std::string_view table);
[[nodiscard]] std::vector<HostRoute> parse_routes_v6(std::string_view table);

}  // namespace adit::setup
