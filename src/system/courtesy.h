#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace adit::system {

// What the kernel tells of a thread that was ready to run and had to wait for a processor.
struct RunDelay {
  Duration waited{};        // since the thread began
  std::uint64_t times = 0;  // that it got a processor, since then
};

// Decides whether a thread that wakes leaves the processor to whoever runs there until that one
// sleeps or its time is over (SCHED_BATCH), or takes it at once (SCHED_OTHER). Lanes wake each
// other and the programs they work for, many thousand times a second: without interruptions each
// does more in one go. Beside programs that never sleep, though, courtesy costs milliseconds each
// time; a thread that sees that gives it up, and tries again later.
class Courtesy {
 public:
  // Waits this long are those behind programs that do not sleep: lanes wait 0.02-0.08 ms behind
  // each other.
  static constexpr Duration most_waited_each = std::chrono::microseconds(400);
  static constexpr std::uint64_t enough_times = 10;
  static constexpr Duration most_waited = enough_times * most_waited_each;
  static constexpr Duration first_pause = std::chrono::seconds(1);  // twice as long each time
  static constexpr Duration longest_pause = std::chrono::seconds(64);
  static constexpr Duration between_looks = std::chrono::milliseconds(50);

  // Whether it is time to look.
  [[nodiscard]] bool due(Instant now) const { return now >= next_look_; }

  // Returns whether the thread is courteous from now on.
  [[nodiscard]] bool look(RunDelay total, Instant now) {
    next_look_ = now + between_looks;
    if (!courteous_) {
      if (now >= change_) begin(total, now);
      return courteous_;
    }
    const Duration waited = total.waited - before_.waited;
    const std::uint64_t times = total.times - before_.times;
    if (waited < most_waited && times < enough_times) return true;  // too little to judge by
    before_ = total;
    if (waited >= most_waited_each * times) {
      courteous_ = false;
      change_ = now + pause_;
      pause_ = std::min(2 * pause_, longest_pause);
    } else if (now >= change_) {
      pause_ = first_pause;
    }
    return courteous_;
  }

 private:
  void begin(RunDelay total, Instant now) {
    courteous_ = true;
    before_ = total;
    change_ = now + pause_;
  }

  bool courteous_ = false;
  RunDelay before_;
  Instant next_look_ = Instant::min();
  Instant change_ = Instant::min();  // when to try again; while courteous: when all is forgiven
  Duration pause_ = first_pause;
};

}  // namespace adit::system
