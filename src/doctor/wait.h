#pragma once

#include <algorithm>
#include <ctime>

#include "base/time.h"

namespace adit::doctor {

// As ppoll() wants it; what has passed already is no time at all.
inline timespec as_timespec(Duration left) {
  const Duration wait = std::max(left, Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((wait - seconds).count())};
}

}  // namespace adit::doctor
