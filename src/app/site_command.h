#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

class SiteArguments;

// "adit site ...". The result must live as long as root is used; status is set when one of them was
// called.
[[nodiscard]] std::shared_ptr<SiteArguments> add_site(CLI::App& root, int& status);

}  // namespace adit::app
