#pragma once

#include "bench/measurement.h"

namespace adit::bench {

// Splitting of what the kernel leaves whole, and joining of what it then takes whole.
[[nodiscard]] Section measure_offloads(Watcher& watcher);

}  // namespace adit::bench
