#pragma once

#include "setup/conf_text.h"
#include "setup/server_facts.h"

namespace adit::setup {

// Whether a client may have this address for good: inside the network, nobody else's, and not one
// that the pool gives to others meanwhile.
[[nodiscard]] Status check_fixed_address(const ServerFacts& facts, const std::string& client,
                                         const ip::Address& address);

// The first that is free for good; nothing: none is.
[[nodiscard]] std::optional<ip::Address> free_fixed_address(const ServerFacts& facts);

// The IPv6 address that goes with it; nothing: the server has no such network, or it is too far up.
[[nodiscard]] std::optional<ip::Address> matching_address6(const ServerFacts& facts,
                                                           const ip::Address& fixed);

// Writes it into a client's file, with the IPv6 address that goes with it.
[[nodiscard]] Status set_fixed_address(ConfText& file, const ServerFacts& facts,
                                       const ip::Address& address);

}  // namespace adit::setup
