#include "system/pace.h"

namespace adit::system {

namespace {

struct Kind {
  std::size_t fewest_in_window;
  Duration rest;
};
constexpr Kind large{40, Pace::rest_of_large};  // 20,000 packets a second
constexpr Kind small{20, Pace::rest_of_small};  // 10,000
constexpr std::size_t small_bytes = 256;

// Who takes trains acknowledges trains: one small packet for so many large ones, and wakes nobody
// too often.
constexpr std::size_t packets_for_one = 16;

constexpr std::size_t train = 12;  // in a turn without a rest before it

// A rest turns everything into trains. What comes is seen without one, now and then.
constexpr unsigned windows_before_look = 32;

}  // namespace

void Pace::look_back(const Traffic& so_far, Instant now) {
  const bool are_small = so_far.bytes - before_.bytes < packets_ * small_bytes;
  const Kind& kind = are_small ? small : large;
  const std::uint64_t beside = so_far.packets_beside - before_.packets_beside;
  const bool of_trains = are_small && packets_ * packets_for_one < beside;
  const bool fast = packets_ >= kind.fewest_in_window && now - since_ < 2 * window && !of_trains;
  const bool singles =
      rested_windows_ > 0 ? rested_windows_ < windows_before_look : packets_ < turns_ * train;
  const bool rests = fast && singles;
  rest_ = rests ? kind.rest : Duration::zero();
  rested_windows_ = rests ? rested_windows_ + 1 : 0;
  since_ = now;
  before_ = so_far;
  packets_ = turns_ = 0;
}

}  // namespace adit::system
