#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

class UpArguments;

// "adit up" and "adit down". The result must live as long as root is used; status is set when one
// of them was called.
[[nodiscard]] std::shared_ptr<UpArguments> add_up(CLI::App& root, int& status);

}  // namespace adit::app
