#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

class ClientArguments;

// "adit client ...". The result must live as long as root is used; status is set when one of them
// was called.
[[nodiscard]] std::shared_ptr<ClientArguments> add_client(CLI::App& root, int& status);

}  // namespace adit::app
