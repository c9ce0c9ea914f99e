#pragma once

#include "base/rng.h"
#include "bench/measurement.h"
#include "crypto/engine.h"

namespace adit::bench {

// The whole way of a packet in memory: from the tun of a client through its up lane and the down
// lane of a server to the server's tun, and back. One thread, one flow, with so many peers
// installed on the server.
[[nodiscard]] Section measure_paths(const std::vector<std::size_t>& peers, crypto::Engine engine,
                                    Rng& rng, Watcher& watcher);

}  // namespace adit::bench
