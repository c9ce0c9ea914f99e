#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// "adit migrate" below root. The answer holds what it was given and must outlive the parsing.
class MigrateArguments;
[[nodiscard]] std::shared_ptr<MigrateArguments> add_migrate(CLI::App& root, int& status);

}  // namespace adit::app
