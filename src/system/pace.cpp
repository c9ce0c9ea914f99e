#include "system/pace.h"

namespace adit::system {

namespace {

struct Kind {
  std::size_t fewest_in_window;
  Duration rest;
};
constexpr Kind large{40, Pace::rest_of_large};   // 20,000 packets a second
constexpr Kind small{200, Pace::rest_of_small};  // 100,000
constexpr std::size_t small_bytes = 256;

constexpr std::size_t train = 12;  // in a turn without a rest before it

// A rest turns everything into trains. What comes is seen without one, now and then.
constexpr unsigned windows_before_look = 32;

}  // namespace

void Pace::look_back(std::uint64_t bytes_so_far, Instant now) {
  const Kind& kind = bytes_so_far - bytes_before_ < packets_ * small_bytes ? small : large;
  const bool fast = packets_ >= kind.fewest_in_window && now - since_ < 2 * window;
  const bool singles =
      rested_windows_ > 0 ? rested_windows_ < windows_before_look : packets_ < turns_ * train;
  const bool rests = fast && singles;
  rest_ = rests ? kind.rest : Duration::zero();
  rested_windows_ = rests ? rested_windows_ + 1 : 0;
  since_ = now;
  bytes_before_ = bytes_so_far;
  packets_ = turns_ = 0;
}

}  // namespace adit::system
