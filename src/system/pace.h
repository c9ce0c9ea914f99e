#pragma once

#include <cstddef>

#include "base/time.h"

namespace adit::system {

// Decides whether a busy thread rests a moment before it looks again. A sender that gives single
// packets wakes its receiver for each; after a short rest several wait, and one turn moves them
// all. Rests only at rates where waking costs more than it is worth, never when packets come in
// trains.
class Pace {
 public:
  // Long enough for some packets at the lowest rate, short beside the way through a loaded socket.
  static constexpr Duration rest = std::chrono::microseconds(200);

  // After every turn that moved packets. True: rest.
  [[nodiscard]] bool after_turn(std::size_t moved, Instant now) {
    packets_ += moved;
    turns_ += 1;
    if (now - since_ >= window) {
      const bool fast = packets_ >= fewest_in_window && now - since_ < 2 * window;
      resting_ = fast && packets_ < turns_ * many_in_turn;
      since_ = now;
      packets_ = turns_ = 0;
    }
    return resting_ && moved < many_in_turn;
  }

 private:
  static constexpr Duration window = std::chrono::milliseconds(2);
  static constexpr std::size_t fewest_in_window = 40;  // 20,000 packets a second
  static constexpr std::size_t many_in_turn = 24;

  Instant since_{};
  std::size_t packets_ = 0, turns_ = 0;
  bool resting_ = false;
};

}  // namespace adit::system
