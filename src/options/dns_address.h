#pragma once

#include <optional>
#include <string_view>

#include "ip/address.h"

namespace adit::options {

// Where a DNS server is, as "dns server n address" says it: "10.8.0.1", "10.8.0.1:5353", "fd00::1",
// "[fd00::1]:5353". Port 0: none is said. Nothing: it is no such place.
[[nodiscard]] std::optional<ip::Endpoint> parse_dns_address(std::string_view text);

}  // namespace adit::options
