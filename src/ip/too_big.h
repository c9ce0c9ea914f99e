#pragma once

#include "base/bytes.h"

namespace adit::ip {

// What becomes of a packet inside the tunnel that is larger than what passes. packet: as ip::look
// accepted it.

// IPv4 that may be fragmented; and IPv6 of up to 1280 bytes, for no answer makes its sender send
// less (RFC 8200: a link that takes less sees to it itself). Not with extension headers.
[[nodiscard]] bool may_be_cut(Bytes packet);

// The number-th fragment of at most mtu bytes, written to room; 0: there is none (any more).
// room: mtu bytes. source: RFC 791, 8200
[[nodiscard]] std::size_t cut(Bytes packet, std::size_t mtu, std::size_t number, MutableBytes room);

// The answer to its sender: ICMP "fragmentation needed", ICMPv6 "packet too big". It comes from the
// packet's destination, so that it is believed wherever an answer of that host would be. 0: the
// packet must not be answered. room: 1280 bytes. source: RFC 792, 1191, 4443
[[nodiscard]] std::size_t too_big_answer(Bytes packet, std::size_t mtu, MutableBytes room);

}  // namespace adit::ip
