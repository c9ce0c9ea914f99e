#pragma once

#include <optional>

#include "base/bytes.h"
#include "ip/address.h"

namespace adit::ip {

// An ICMP or ICMPv6 echo request whose answer is known again among those of everybody else: its
// data begin with a mark that only the sender knows.
struct Echo {
  Address from, to;  // of one family
  std::uint64_t mark = 0;
  std::uint16_t sequence = 0;
};

inline constexpr std::size_t least_echo_bytes = 56;  // with the headers of IPv6

// The whole IP packet; it must not be fragmented, and no compression makes it shorter.
// bytes: how large, at least least_echo_bytes. source: RFC 792, 4443
[[nodiscard]] Buffer echo_request(const Echo& echo, std::size_t bytes);

// The sequence number of an answer that came whole; nothing: it answers no request of this mark.
// packet: as ip::look accepted it.
[[nodiscard]] std::optional<std::uint16_t> answer_to(std::uint64_t mark, Bytes packet);

}  // namespace adit::ip
