#include "node/turns.h"

#include <algorithm>

namespace adit::node {

std::uint64_t Turns::join(std::vector<std::string> subjects) {
  std::ranges::sort(subjects);
  subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
  const std::uint64_t who = ++last_;
  Member& member = members_[who];
  for (const std::string& subject : subjects) {
    auto& line = lines_[subject];
    if (!line.empty()) ++member.behind;
    line.push_back(who);
  }
  member.subjects = std::move(subjects);
  if (member.behind == 0) ready_.insert(who);
  return who;
}

std::optional<std::uint64_t> Turns::next() {
  if (ready_.empty() || begun_ >= most_) return std::nullopt;
  ++begun_;
  return ready_.extract(ready_.begin()).value();
}

void Turns::slow(std::uint64_t who) {
  if (!members_.contains(who) || slow_.size() >= most_slow_) return;
  if (slow_.insert(who).second) --begun_;
}

void Turns::leave(std::uint64_t who) {
  const auto member = members_.extract(who);
  if (member.empty()) return;
  if (slow_.erase(who) == 0) --begun_;
  for (const std::string& subject : member.mapped().subjects) {
    const auto line = lines_.find(subject);
    line->second.pop_front();
    if (line->second.empty()) {
      lines_.erase(line);
      continue;
    }
    const std::uint64_t first = line->second.front();
    if (--members_.at(first).behind == 0) ready_.insert(first);
  }
}

}  // namespace adit::node
