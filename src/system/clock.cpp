#include "system/clock.h"

#include <ctime>

namespace adit::system {

namespace {

timespec read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time;
}

}  // namespace

Instant monotonic_now() {
  const timespec time = read(CLOCK_BOOTTIME);
  return Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

WallTime wall_now() { return {read(CLOCK_REALTIME).tv_sec}; }

WallMoment wall_moment() {
  const timespec time = read(CLOCK_REALTIME);
  return {time.tv_sec, static_cast<unsigned>(time.tv_nsec / 1000)};
}

}  // namespace adit::system
