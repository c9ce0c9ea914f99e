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

}  // namespace adit::app
