#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace adit::app {

class DoctorArguments;

// "adit doctor". The result must live as long as root is used; status is set when it was called.
[[nodiscard]] std::shared_ptr<DoctorArguments> add_doctor(CLI::App& root, int& status);

// "adit doctor --dir DIR": what "adit up" shows at its end.
[[nodiscard]] int test_server(const std::string& dir);

// The same for a joined network, once its client is up or this many seconds have passed.
int test_joined(const std::string& dir, const std::string& name, double wait);

}  // namespace adit::app
