#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace adit::app {

// "adit explain" below root. The answer holds what it was given and must outlive the parsing.
class ExplainArguments;
[[nodiscard]] std::shared_ptr<ExplainArguments> add_explain(CLI::App& root, int& status);

// "adit explain": words are one log line, the file of that name, or the process id of a running
// instance; "-" or nothing is the standard input. Exit status 0: something is known; 1: nothing is;
// 2: the log cannot be read.
//
// running  the last lines of that process instead; 0: of the only one
[[nodiscard]] int run_explain(const std::vector<std::string>& words,
                              const std::optional<int>& running, bool json);

}  // namespace adit::app
