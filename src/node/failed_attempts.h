#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace adit::node {

// A client that tries for hours: how often it failed in a row, since when, and how.
class FailedAttempts {
 public:
  // An attempt has ended so ("tls-error"). A line for the log; nothing for the first of a row.
  [[nodiscard]] std::optional<std::string> note(std::string_view how, bool was_up, WallTime wall);

 private:
  unsigned count_ = 0;
  WallTime since_;
};

}  // namespace adit::node
