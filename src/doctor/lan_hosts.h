#pragma once

#include <string_view>
#include <vector>

#include "doctor/inside.h"
#include "ip/address.h"
#include "options/config.h"
#include "ports/network_port.h"

namespace adit::doctor {

// The networks behind a server that its clients may reach: what it pushes and "setenv ADIT_LAN",
// without its own tunnel's and those behind its clients.
[[nodiscard]] std::vector<ip::Prefix> lans_of(const options::Config& server);

// Who may answer in a network: the neighbours that the kernel knows (a text as /proc/net/arp) and
// the router.
[[nodiscard]] std::vector<ip::Address> known_hosts(const ip::Prefix& network,
                                                   std::string_view neighbours,
                                                   ports::NetworkPort& host);

// The hosts of a small network (at most 254) that is directly connected are asked, some at a time,
// until there is an answer.
[[nodiscard]] std::vector<ip::Address> search_hosts(const ip::Prefix& network, Inside& direct,
                                                    std::uint64_t mark, ports::NetworkPort& host,
                                                    Duration patience);

}  // namespace adit::doctor
