#include "system/scheduling.h"

#include <array>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/text.h"

namespace adit::system {

Scheduling::Scheduling()
    : told_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)),
      own_(sched_getscheduler(0) == SCHED_OTHER && run_delay()) {}

// source: the kernel's Documentation/scheduler/sched-stats.rst: time on a processor and time
// waiting for one, in ns, and how many times it got one. All zero: the kernel does not count.
std::optional<RunDelay> Scheduling::run_delay() const {
  std::array<char, 80> bytes;
  const ssize_t got = pread(told_.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return std::nullopt;
  const auto numbers = words(trim({bytes.data(), static_cast<std::size_t>(got)}));
  if (numbers.size() != 3) return std::nullopt;
  const auto waited = to_number<std::int64_t>(numbers[1]);
  const auto times = to_number<std::uint64_t>(numbers[2]);
  if (!waited || !times || *times == 0) return std::nullopt;
  return RunDelay{std::chrono::nanoseconds(*waited), *times};
}

void Scheduling::look(Instant now) {
  const auto delay = run_delay();
  const bool batch = delay && courtesy_.look(*delay, now);
  if (batch == batch_) return;
  const sched_param no_priority{};
  own_ = sched_setscheduler(0, batch ? SCHED_BATCH : SCHED_OTHER, &no_priority) == 0;
  batch_ = batch;
}

}  // namespace adit::system
