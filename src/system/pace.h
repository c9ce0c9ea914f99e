#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace adit::system {

// Decides whether a busy thread rests a moment before it looks again. A sender that gives single
// packets wakes its receiver for each; after a short rest several wait, and one turn moves them
// all. Rests only at rates where waking costs more than it is worth, never when packets come in
// trains.
class Pace {
 public:
  // All are short beside the way through a loaded socket. Small packets are acknowledgements or
  // voices: behind a crowd of the former a sender answers with a burst, and a peer with processors
  // to spare loses part of it. Where bursts stay small for all that, it is the longer one.
  static constexpr Duration rest_of_large = std::chrono::microseconds(600);
  static constexpr Duration rest_of_small = std::chrono::microseconds(100);
  static constexpr Duration longer_rest_of_small = std::chrono::microseconds(150);

  // What has gone by since the thread began.
  struct Traffic {
    std::uint64_t bytes = 0;           // of the packets it moved
    std::uint64_t packets_beside = 0;  // that went the other way
  };

  // After every turn, with the packets it moved. Returns how long to rest; zero: not at all.
  [[nodiscard]] Duration after_turn(std::size_t moved, const Traffic& so_far, Instant now) {
    packets_ += moved;
    turns_ += 1;
    if (now - since_ >= window) look_back(so_far, now);
    return moved < full_turn ? rest_ : Duration::zero();
  }

 private:
  void look_back(const Traffic& so_far, Instant now);

  static constexpr Duration window = std::chrono::milliseconds(2);
  static constexpr std::size_t full_turn = 100;  // more is waiting already

  Instant since_{};
  Traffic before_;
  std::size_t packets_ = 0, turns_ = 0;  // of this window
  unsigned rested_windows_ = 0;          // in a row
  Duration rest_{};
};

}  // namespace adit::system
