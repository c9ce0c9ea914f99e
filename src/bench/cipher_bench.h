#pragma once

#include "base/rng.h"
#include "bench/measurement.h"
#include "crypto/engine.h"

namespace adit::bench {

// Sealing and opening of runs of packets, for each data cipher and two sizes.
[[nodiscard]] Section measure_ciphers(crypto::Engine engine, Rng& rng, Watcher& watcher);

}  // namespace adit::bench
