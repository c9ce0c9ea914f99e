#pragma once

#include <chrono>
#include <cstdint>

namespace adit {

using Duration = std::chrono::nanoseconds;

// Monotonic time. It has no now() on purpose: only the system room reads clocks, everybody else is
// told the time.
struct MonotonicTime {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTime>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicTime::time_point;

// Unix time in whole seconds, as certificates and wrapped control packets carry it.
struct WallTime {
  std::int64_t seconds = 0;
  auto operator<=>(const WallTime&) const = default;
};

inline double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

inline Duration of_seconds(double count) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(count));
}

inline std::int64_t whole_seconds(Instant at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

// The moment a timer is due and the name it goes by in traces and tests.
struct Deadline {
  Instant at = Instant::max();
  const char* why = "none";

  [[nodiscard]] bool due(Instant now) const { return at <= now; }
};

inline Deadline earlier(const Deadline& a, const Deadline& b) { return b.at < a.at ? b : a; }

}  // namespace adit
