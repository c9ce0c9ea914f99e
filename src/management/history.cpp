#include "management/history.h"

#include <algorithm>

namespace adit::management {

void History::add(std::string line) {
  lines_.push_back(std::move(line));
  if (lines_.size() > most_) lines_.pop_front();
}

std::string History::last(std::size_t count) const {
  std::string out;
  const std::size_t first = lines_.size() - std::min(count, lines_.size());
  for (std::size_t at = first; at < lines_.size(); ++at) out += lines_[at] + "\r\n";
  return out;
}

}  // namespace adit::management
