#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// "adit join" and "adit leave" below root; whichever is called leaves its exit status. The answer
// holds what they were given and must outlive the parsing.
class JoinArguments;
[[nodiscard]] std::shared_ptr<JoinArguments> add_join(CLI::App& root, int& status);

}  // namespace adit::app
