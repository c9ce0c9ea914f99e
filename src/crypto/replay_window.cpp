#include "crypto/replay_window.h"

#include <algorithm>

namespace adit::crypto {

namespace {
constexpr std::int64_t reap_interval_seconds = 5;
}

ReplayWindow::ReplayWindow(std::uint32_t packets, std::uint32_t seconds)
    : packets_(packets), seconds_(seconds), slots_(packets) {}

bool ReplayWindow::check(std::uint64_t id, std::uint32_t time, Instant now) {
  if (last_reap_ + reap_interval_seconds <= whole_seconds(now)) reap(now);
  if (id == 0) return false;
  if (packets_ == 0) {
    if (time == time_) return highest_ == 0 || id == highest_ + 1;
    return time > time_ && id == 1;
  }
  if (time != time_) return time > time_;
  if (id > highest_) return true;
  const std::uint64_t behind = highest_ - id;
  deepest_backtrack_ = std::max(deepest_backtrack_, behind);
  return behind < length_ && slot(behind) == unseen;
}

void ReplayWindow::add(std::uint64_t id, std::uint32_t time, Instant now) {
  if (packets_ == 0) {
    highest_ = id;
    time_ = time;
    return;
  }
  const bool far_ahead = id >= packets_ && id - packets_ > highest_;
  if (length_ == 0 || time > time_ || far_ahead) start_over(id, time);
  if (id > highest_) push_unseen(id - highest_);
  if (highest_ - id < length_) slot(highest_ - id) = stamp(now);
}

void ReplayWindow::start_over(std::uint64_t id, std::uint32_t time) {
  time_ = time;
  highest_ = id > packets_ ? id - packets_ : 0;
  length_ = 0;
}

void ReplayWindow::push_unseen(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    newest_ = (newest_ == 0 ? slots_.size() : newest_) - 1;
    slots_[newest_] = unseen;
  }
  highest_ += count;
  length_ = std::min<std::size_t>(slots_.size(), length_ + count);
}

// Once a slot has been open too long, it and everything older is closed, seen or not.
void ReplayWindow::reap(Instant now) {
  last_reap_ = whole_seconds(now);
  if (seconds_ == 0) return;
  const auto second = static_cast<Slot>(last_reap_);
  bool closing = false;
  for (std::size_t behind = 0; behind < length_; ++behind) {
    Slot& at = slot(behind);
    if (at == expired) return;
    closing = closing || (at != unseen && at - 2 + seconds_ < second);
    if (closing) at = expired;
  }
}

ReplayWindow::State ReplayWindow::state() const {
  State state{highest_, time_, std::vector<std::uint8_t>((length_ + 7) / 8)};
  for (std::size_t behind = 0; behind < length_; ++behind) {
    const Slot at = slots_[(newest_ + behind) % slots_.size()];
    if (at != unseen) state.seen[behind / 8] |= static_cast<std::uint8_t>(1u << (behind % 8));
  }
  return state;
}

void ReplayWindow::restore(const State& state, Instant now) {
  highest_ = state.highest;
  time_ = state.time;
  newest_ = 0;
  length_ = std::min<std::size_t>(
      {slots_.size(), state.seen.size() * 8, static_cast<std::size_t>(state.highest)});
  for (std::size_t behind = 0; behind < length_; ++behind) {
    const bool seen = (state.seen[behind / 8] >> (behind % 8) & 1) != 0;
    slots_[behind] = seen ? stamp(now) : unseen;
  }
  last_reap_ = whole_seconds(now);
}

}  // namespace adit::crypto
