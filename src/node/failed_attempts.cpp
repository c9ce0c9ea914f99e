#include "node/failed_attempts.h"

#include <fmt/core.h>

#include "node/environment.h"

namespace adit::node {

std::optional<std::string> FailedAttempts::note(std::string_view how, bool was_up, WallTime wall) {
  if (was_up) {
    count_ = 0;
    return std::nullopt;
  }
  if (++count_ == 1) {
    since_ = wall;
    return std::nullopt;
  }
  return fmt::format("no connection in {} attempts since {} (the last: {})", count_,
                     local_time_text(since_), how);
}

}  // namespace adit::node
