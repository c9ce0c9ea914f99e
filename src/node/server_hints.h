#pragma once

#include <string>
#include <vector>

#include "options/config.h"
#include "ports/store_port.h"

namespace adit::node {

// What would only show once somebody connects and nothing gets through, said at the start: what is
// wrong in the files of client-config-dir, and that this host does not forward.
// forwards: the kernel forwards IPv4.
[[nodiscard]] std::vector<std::string> server_hints(const options::Config& config,
                                                    ports::StorePort& store, bool forwards);

}  // namespace adit::node
