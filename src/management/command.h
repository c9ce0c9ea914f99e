#pragma once

#include <limits>

#include "management/interface.h"

namespace adit::management {

// One row of the table of commands.
struct Interface::Command {
  std::string_view name;
  std::size_t least;  // parameters
  bool exactly;       // as the complaint about too few has it
  void (Interface::*run)(const Words&);
  bool touches_instance = false;  // has to wait while that waits itself
};

// Orders to an instance that waits itself.
inline constexpr std::size_t most_late = 1000;

// As atoi reads it: digits at the beginning, 0 without any.
[[nodiscard]] int leading_number(std::string_view text);

}  // namespace adit::management
