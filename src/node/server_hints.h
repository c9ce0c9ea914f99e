#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options/config.h"
#include "ports/store_port.h"

namespace adit::node {

// What would only show once somebody connects and nothing gets through, said at the start: what is
// wrong in the files of client-config-dir, what became of link-mtu, and that this host does not
// forward.
// forwards: the kernel forwards IPv4.
[[nodiscard]] std::vector<std::string> server_hints(const options::Config& config,
                                                    ports::StorePort& store, bool forwards);

// Whether hosts behind this server or its clients are to be reached, so that it must forward; the
// files of client-config-dir are read for it. The world as a whole counts ("redirect-gateway").
[[nodiscard]] bool needs_forwarding(const options::Config& config, ports::StorePort& store,
                                    ip::Family family);

// What to do about packets of a client that come from behind it, from where no iroute leads.
[[nodiscard]] std::string advice_on_source(const options::Config& config,
                                           std::string_view common_name, const ip::Address& source);

}  // namespace adit::node
