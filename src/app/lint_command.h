#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// "adit lint" below root. The answer holds what it was given and must outlive the parsing.
class LintArguments;
[[nodiscard]] std::shared_ptr<LintArguments> add_lint(CLI::App& root, int& status);

}  // namespace adit::app
