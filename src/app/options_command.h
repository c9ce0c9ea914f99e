#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// "adit options" below root. The answer holds what it was given and must outlive the parsing.
class OptionsArguments;
[[nodiscard]] std::shared_ptr<OptionsArguments> add_options(CLI::App& root, int& status);

}  // namespace adit::app
