#pragma once

#include <string>
#include <vector>

namespace adit::app {

// "adit explain": words are one log line, or the file of that name; "-" or nothing is the standard
// input. Exit status 0: something is known; 1: nothing is; 2: the log cannot be read.
[[nodiscard]] int run_explain(const std::vector<std::string>& words, bool json);

}  // namespace adit::app
