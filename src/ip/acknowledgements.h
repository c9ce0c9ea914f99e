#pragma once

#include <span>

#include "base/packet.h"

namespace adit::ip {

// A pure acknowledgement of TCP says all that an earlier one of its connection said. Of those that
// wait in one batch, each that a later one replaces is taken out. No other packet is touched, none
// moves, and what a sender counts by its copies (duplicate acknowledgements, ECN) stays.
//
// packets  whole IP packets, in the order in which they came; those that stay move to the front
//
// Returns how many stay. source: what Linux joins in a socket's backlog (tcp_add_backlog,
// net/ipv4/tcp_ipv4.c); RFC 3449 is about doing so on the way ("ACK filtering").
[[nodiscard]] std::size_t keep_latest_acknowledgements(std::span<Packet*> packets);

}  // namespace adit::ip
