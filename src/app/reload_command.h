#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

class ReloadArguments;

// adit reload: running servers read their configuration again, and nobody is dropped.
std::shared_ptr<ReloadArguments> add_reload(CLI::App& root, int& status);

}  // namespace adit::app
