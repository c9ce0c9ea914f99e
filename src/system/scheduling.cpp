#include "system/scheduling.h"

#include <array>
#include <charconv>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <unistd.h>

namespace adit::system {

namespace {

template <typename Number>
std::string_view take_number(std::string_view text, Number& number) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  return {std::from_chars(text.data(), end, number).ptr, end};
}

}  // namespace

Scheduling::Scheduling()
    : told_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)),
      own_(sched_getscheduler(0) == SCHED_OTHER && run_delay()) {}

// source: the kernel's Documentation/scheduler/sched-stats.rst: time on a processor and time
// waiting for one, in ns, and how many times it got one. All zero: the kernel does not count.
std::optional<RunDelay> Scheduling::run_delay() const {
  std::array<char, 80> bytes;
  const ssize_t got = pread(told_.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return std::nullopt;
  std::uint64_t ran = 0, waited = 0;
  RunDelay delay;
  std::string_view text(bytes.data(), static_cast<std::size_t>(got));
  text = take_number(text, ran);
  text = take_number(text, waited);
  take_number(text, delay.times);
  if (delay.times == 0) return std::nullopt;
  delay.waited = std::chrono::nanoseconds(waited);
  return delay;
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
