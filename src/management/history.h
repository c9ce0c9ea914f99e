#pragma once

#include <cstddef>
#include <deque>
#include <string>

namespace adit::management {

// The last lines of one kind (log, state, echo), as "log all" and its like show them.
class History {
 public:
  explicit History(std::size_t most) : most_(most) {}

  void add(std::string line);
  // The newest count lines, oldest first, each ended by CR LF.
  [[nodiscard]] std::string last(std::size_t count) const;
  [[nodiscard]] std::string all() const { return last(lines_.size()); }

 private:
  std::size_t most_;
  std::deque<std::string> lines_;
};

}  // namespace adit::management
