#pragma once

#include <memory>

namespace CLI {
class App;
}

namespace adit::app {

class DoctorArguments;

// "adit doctor". The result must live as long as root is used; status is set when it was called.
[[nodiscard]] std::shared_ptr<DoctorArguments> add_doctor(CLI::App& root, int& status);

}  // namespace adit::app
