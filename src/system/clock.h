#pragma once

#include "base/time.h"

namespace adit::system {

// The only place that reads clocks. Instants go on while the machine sleeps, so that a laptop which
// wakes up notices at once that its peer has long been silent.
[[nodiscard]] Instant monotonic_now();
[[nodiscard]] WallTime wall_now();

// Wall time as log lines show it.
struct WallMoment {
  std::int64_t seconds = 0;
  unsigned microseconds = 0;
};
[[nodiscard]] WallMoment wall_moment();

}  // namespace adit::system
