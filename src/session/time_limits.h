#pragma once

#include <optional>

#include "base/time.h"

namespace adit::session {

// "inactive n [bytes]" and "session-timeout n" of one peer: how long it may stay, idle and at all.
class TimeLimits {
 public:
  struct Setup {
    std::optional<Duration> idle;  // of both times: nothing or 0 is no limit
    std::uint64_t idle_bytes = 0;  // fewer in that time count as none
    std::optional<Duration> whole;
  };

  // Begins to count. Started again, idleness counts anew, the whole time does not.
  void start(const Setup& setup, Instant now);

  enum class Verdict { nothing, idle, over };
  // inside_bytes: of user packets so far, both ways. May count anew after start().
  [[nodiscard]] Verdict check(Instant now, std::uint64_t inside_bytes);
  [[nodiscard]] Deadline deadline() const;

 private:
  Setup setup_;
  Instant idle_at_ = Instant::max();
  Instant over_at_ = Instant::max();
  std::uint64_t seen_bytes_ = 0;
};

}  // namespace adit::session
