#include "session/mtu_search.h"

#include <algorithm>
#include <array>

namespace adit::session {

namespace {

// Ethernet, PPPoE, and steps down to what every IPv4 host takes.
constexpr std::array<unsigned, 12> ladder{576,  1000, 1180, 1220, 1260, 1300,
                                          1340, 1380, 1420, 1460, 1492, 1500};
constexpr unsigned step = 4;

}  // namespace

void MtuSearch::start(unsigned ceiling) {
  *this = {};
  ceiling_ = ceiling;
  ask_for_ladder();
}

void MtuSearch::add(unsigned size) {
  if (size > good_ && size <= ceiling_ && round_.size() < most_per_round) round_.push_back(size);
}

void MtuSearch::ask_for_ladder() {
  round_.clear();
  for (const unsigned size : ladder) {
    if (size < ceiling_) add(size);
  }
  add(ceiling_);
}

void MtuSearch::passed(unsigned size) { good_ = std::max(good_, std::min(size, ceiling_)); }

void MtuSearch::round_over() {
  const auto failed = std::ranges::find_if(round_, [&](unsigned size) { return size > good_; });
  const unsigned least = failed == round_.end() ? 0 : *failed;
  const bool sure = doubted_ > good_;  // it was asked again, and failed again
  round_.clear();
  doubted_ = 0;
  if (good_ >= ceiling_) return;
  if (least == 0) return ask_for_ladder();  // what had failed passed after all: look higher
  if (sure && least - good_ <= step) return;
  add_steps(least);
  add(least);
  doubted_ = least;
}

// Sizes between the largest that passed and one that did not.
void MtuSearch::add_steps(unsigned failed) {
  const unsigned gap = failed - good_;
  const unsigned parts = std::min<unsigned>(most_per_round, (gap + step - 1) / step);
  const unsigned stride = (gap / parts + step - 1) / step * step;
  for (unsigned size = good_ + stride; size < failed; size += stride) add(size);
}

}  // namespace adit::session
