#include "crypto/replay_window.h"

#include <algorithm>
#include <bit>

namespace adit::crypto {

namespace {
constexpr std::uint64_t words_at_first = 8;
constexpr std::int64_t reap_interval_seconds = 5;
constexpr std::uint64_t all_ones = ~std::uint64_t{0};
}  // namespace

ReplayWindow::ReplayWindow(const ReplayLimits& limits, std::uint32_t remember)
    : limits_(limits),
      full_words_(std::bit_ceil(
          (std::max<std::uint64_t>({limits.packets, remember, 1}) + word_bits - 1) / word_bits)),
      seen_(std::min(full_words_, words_at_first)),
      mask_(seen_.size() - 1),
      arrived_(limits.seconds > 0 ? limits.packets : 0) {}

Drop ReplayWindow::check(std::uint64_t id, std::uint32_t time, Instant now) {
  if (last_reap_ + reap_interval_seconds <= whole_seconds(now)) reap(now);
  if (id == 0) return Drop::replayed;
  if (limits_.packets == 0) return check_strictly(id, time);
  if (time != time_) return time > time_ ? Drop::none : Drop::replayed;
  if (id > highest_) return Drop::none;
  const std::uint64_t behind = highest_ - id;
  if (behind < seen_.size() * word_bits && seen(id)) return Drop::replayed;
  return id > closed_ && behind < limits_.packets ? Drop::none : Drop::late;
}

Drop ReplayWindow::check_strictly(std::uint64_t id, std::uint32_t time) const {
  if (time != time_) return time > time_ && id == 1 ? Drop::none : Drop::replayed;
  return highest_ == 0 || id == highest_ + 1 ? Drop::none : Drop::replayed;
}

void ReplayWindow::add(std::uint64_t id, std::uint32_t time, Instant now) {
  if (limits_.packets == 0) {
    highest_ = id;
    time_ = time;
    return;
  }
  const bool first = highest_ == 0;
  if (first || time > time_) start_over(id, time);
  if (id > highest_) move_to(id);
  mark(id, now);
}

// A series begins: what lies before it within the window may still come.
void ReplayWindow::start_over(std::uint64_t id, std::uint32_t time) {
  std::ranges::fill(seen_, 0);
  time_ = time;
  highest_ = closed_ = id > limits_.packets ? id - limits_.packets : 0;
}

// The first ids fit into a small ring, and lie there where they lie in the full one.
void ReplayWindow::grow_for(std::uint64_t id) {
  if (seen_.size() == full_words_ || id < seen_.size() * word_bits) return;
  seen_.resize(full_words_);
  mask_ = full_words_ - 1;
}

// Forgets what lay where the ids after the highest lie now.
void ReplayWindow::move_to(std::uint64_t id) {
  grow_for(id);
  if (id - highest_ >= seen_.size() * word_bits) {
    std::ranges::fill(seen_, 0);
  } else {
    for (std::uint64_t at = highest_ + 1; at <= id;) {
      const std::uint64_t first = at % word_bits;
      const std::uint64_t count = std::min(word_bits - first, id - at + 1);
      seen_[at / word_bits & mask_] &= ~(all_ones >> (word_bits - count) << first);
      at += count;
    }
  }
  highest_ = id;
}

void ReplayWindow::mark(std::uint64_t id, Instant now) {
  seen_[id / word_bits & mask_] |= std::uint64_t{1} << (id % word_bits);
  if (!arrived_.empty()) {
    arrived_[id % arrived_.size()] = static_cast<std::uint32_t>(whole_seconds(now));
  }
}

// Once an id has been open too long, it and everything older is closed, seen or not.
void ReplayWindow::reap(Instant now) {
  last_reap_ = whole_seconds(now);
  if (arrived_.empty()) return;
  const std::uint64_t oldest = highest_ > limits_.packets ? highest_ - limits_.packets : 0;
  for (std::uint64_t id = highest_; id > std::max(oldest, closed_); --id) {
    const std::uint64_t arrived = arrived_[id % arrived_.size()];
    if (!seen(id) || arrived + limits_.seconds >= static_cast<std::uint64_t>(last_reap_)) continue;
    closed_ = id;
    return;
  }
}

ReplayWindow::State ReplayWindow::state() const {
  const std::uint64_t length = std::min<std::uint64_t>(limits_.packets, highest_);
  State state{highest_, time_, std::vector<std::uint8_t>((length + 7) / 8)};
  for (std::uint64_t behind = 0; behind < length; ++behind) {
    const std::uint64_t id = highest_ - behind;
    if (id > closed_ && !seen(id)) continue;
    state.seen[behind / 8] |= static_cast<std::uint8_t>(1u << (behind % 8));
  }
  return state;
}

void ReplayWindow::restore(const State& state, Instant now) {
  grow_for(state.highest);
  std::ranges::fill(seen_, 0);
  highest_ = state.highest;
  time_ = state.time;
  last_reap_ = whole_seconds(now);
  const std::uint64_t length =
      std::min<std::uint64_t>({limits_.packets, state.seen.size() * 8, state.highest});
  closed_ = highest_ - length;
  for (std::uint64_t behind = 0; behind < length; ++behind) {
    if ((state.seen[behind / 8] >> (behind % 8) & 1) != 0) mark(highest_ - behind, now);
  }
}

}  // namespace adit::crypto
