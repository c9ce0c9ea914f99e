#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// The commands "adit pki ..." below root; whichever is called leaves its exit status. The answer
// holds what they were given and must outlive the parsing.
class PkiArguments;
[[nodiscard]] std::shared_ptr<PkiArguments> add_pki(CLI::App& root, int& status);

}  // namespace adit::app
