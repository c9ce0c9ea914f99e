#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

// The commands "adit firewall ..." below root; whichever is called leaves its exit status. The
// answer holds what they were given and must outlive the parsing.
class FirewallArguments;
[[nodiscard]] std::shared_ptr<FirewallArguments> add_firewall(CLI::App& root, int& status);

}  // namespace adit::app
