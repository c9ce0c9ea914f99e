#pragma once

#include <string>
#include <vector>

#include "setup/engine.h"

namespace adit::setup {

// What --dry-run prints: each change with what is there and what would be, files line by line.
[[nodiscard]] std::string show_plan(const std::vector<Step>& steps);

// One line on a step that has been made: "write /etc/adit/server.conf".
[[nodiscard]] std::string done_line(const Step& step);
[[nodiscard]] std::string undone_line(const Thing& thing, const State& before);

// The lines that differ, with "- " and "+ " before them.
[[nodiscard]] std::string difference(const std::string& before, const std::string& after);

}  // namespace adit::setup
