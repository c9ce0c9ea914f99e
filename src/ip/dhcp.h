#pragma once

#include <optional>

#include "base/bytes.h"
#include "ip/address.h"

namespace adit::ip {

// The router that a DHCP server names to a client. It is taken out of the answer, so that the
// client makes no default route of it; the rest of the options moves up, and the checksum is
// mended.
//
// packet   as ip::look accepted it, no longer than it says itself
// returns  nothing, and nothing is changed: it is no offer or acknowledgement, or names no router
//
// source: RFC 2131, 2132; what stock 2.6.14 does for "route-gateway dhcp"
[[nodiscard]] std::optional<Address> take_dhcp_router(MutableBytes packet);

}  // namespace adit::ip
