#include "system/pace.h"

#include <algorithm>

namespace adit::system {

namespace {

// In a window: 20,000 and 10,000 packets a second.
constexpr std::size_t fewest_large = 40, fewest_small = 20;
constexpr std::size_t small_bytes = 256;

// Who takes trains acknowledges trains: one small packet for so many large ones, and wakes nobody
// too often.
constexpr std::size_t packets_for_one = 16;

// That go the other way in a rest beside small packets.
constexpr unsigned packets_of_burst = 8;

constexpr std::size_t train = 12;  // in a turn without a rest before it

// A rest turns everything into trains. What comes is seen without one, now and then.
constexpr unsigned windows_before_look = 32;

// packets: that went the other way in the window.
Duration rest_of_small_beside(std::uint64_t packets, Duration window) {
  if (packets == 0) return Pace::rest_of_small;
  const Duration of_burst = window * packets_of_burst / static_cast<std::int64_t>(packets);
  return std::clamp(of_burst, Pace::rest_of_small, Pace::longer_rest_of_small);
}

}  // namespace

void Pace::look_back(const Traffic& so_far, Instant now) {
  const bool are_small = so_far.bytes - before_.bytes < packets_ * small_bytes;
  const std::uint64_t beside = so_far.packets_beside - before_.packets_beside;
  const bool of_trains = are_small && packets_ * packets_for_one < beside;
  const bool fast = packets_ >= (are_small ? fewest_small : fewest_large) &&
                    now - since_ < 2 * window && !of_trains;
  const bool singles =
      rested_windows_ > 0 ? rested_windows_ < windows_before_look : packets_ < turns_ * train;
  const bool rests = fast && singles;
  const Duration rest = are_small ? rest_of_small_beside(beside, now - since_) : rest_of_large;
  rest_ = rests ? rest : Duration::zero();
  rested_windows_ = rests ? rested_windows_ + 1 : 0;
  since_ = now;
  before_ = so_far;
  packets_ = turns_ = 0;
}

}  // namespace adit::system
