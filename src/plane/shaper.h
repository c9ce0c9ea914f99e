#pragma once

#include <algorithm>

#include "base/time.h"

namespace adit::plane {

// Holds what a lane sends to a rate. Ask how many packets may go now, then say what they came to:
// a debt of time, and while it lasts nothing may go. It may be larger than asked for; what follows
// waits the longer. Who comes late finds that he may send again at once, for some milliseconds.
class Shaper {
 public:
  // What is made good after a silence, and so the largest burst.
  static constexpr Duration most_credit = std::chrono::milliseconds(4);
  // Packets in one go: what the rate allows for so long, but one at least.
  static constexpr Duration stride = std::chrono::milliseconds(1);
  static constexpr std::uint64_t usual_packet = 1500;

  // In bytes a second, at most 100 million; 0: no limit.
  void set_rate(std::uint64_t bytes_per_second) {
    if (bytes_per_second == rate_) return;
    rate_ = bytes_per_second;
    rest_ = 0;
    open_at_ = Instant::min();
  }

  [[nodiscard]] std::size_t packets(Instant now, std::size_t most) const {
    if (rate_ == 0) return most;
    if (now < open_at_) return 0;
    constexpr std::uint64_t strides_per_second = std::chrono::seconds(1) / stride;
    return std::clamp<std::size_t>(rate_ / (usual_packet * strides_per_second), 1, most);
  }
  void spend(std::uint64_t bytes, Instant now) {
    if (rate_ == 0) return;
    const std::uint64_t due = bytes * std::nano::den + rest_;
    open_at_ = std::max(open_at_, now - most_credit) + Duration(due / rate_);
    rest_ = due % rate_;
  }
  // When packets() is more than 0 again.
  [[nodiscard]] Instant open_at() const { return open_at_; }

 private:
  std::uint64_t rate_ = 0;
  std::uint64_t rest_ = 0;  // of the last division, so that nothing is lost over many
  Instant open_at_ = Instant::min();
};

}  // namespace adit::plane
