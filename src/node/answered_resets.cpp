#include "node/answered_resets.h"

#include <algorithm>

namespace adit::node {

namespace {
// Sooner, both may have waited in a queue together.
constexpr Duration least_pause = std::chrono::seconds(1);
constexpr Duration memory = std::chrono::seconds(60);
}  // namespace

bool AnsweredResets::came_again(const ip::Endpoint& from, Instant now) {
  const auto known = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.from == from && entry.first != Instant::min() && now < entry.first + memory;
  });
  if (known == entries_.end()) {
    entries_[next_++ % entries_.size()] = {from, now, false};
    return false;
  }
  if (known->told || now < known->first + least_pause) return false;
  known->told = true;
  return lines_.allow(now);
}

}  // namespace adit::node
