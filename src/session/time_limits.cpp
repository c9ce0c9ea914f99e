#include "session/time_limits.h"

#include <algorithm>

namespace adit::session {

namespace {

bool limits(const std::optional<Duration>& time) { return time && *time > Duration::zero(); }

}  // namespace

void TimeLimits::start(const Setup& setup, Instant now) {
  setup_ = setup;
  seen_bytes_ = 0;
  idle_at_ = limits(setup.idle) ? now + *setup.idle : Instant::max();
  if (!limits(setup.whole)) {
    over_at_ = Instant::max();
  } else if (over_at_ == Instant::max()) {
    over_at_ = now + *setup.whole;
  }
}

TimeLimits::Verdict TimeLimits::check(Instant now, std::uint64_t inside_bytes) {
  if (over_at_ <= now) return Verdict::over;
  if (idle_at_ > now) return Verdict::nothing;
  const std::uint64_t least = std::max<std::uint64_t>(1, setup_.idle_bytes);
  if (inside_bytes < seen_bytes_ + least) return Verdict::idle;
  seen_bytes_ = inside_bytes;
  idle_at_ = now + *setup_.idle;
  return Verdict::nothing;
}

Deadline TimeLimits::deadline() const {
  return earlier({idle_at_, "inactive"}, {over_at_, "session-timeout"});
}

}  // namespace adit::session
