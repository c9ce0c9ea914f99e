#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace CLI {
class App;
}

namespace adit::app {

// "adit status" below root. The answer holds what it was given and must outlive the parsing.
class StatusArguments;
[[nodiscard]] std::shared_ptr<StatusArguments> add_status(CLI::App& root, int& status);

// "adit status": where is a process id, or the folder of the sockets; empty: all instances here.
// Exit status 0: shown; 1: nothing runs; 2: an instance gave no answer.
[[nodiscard]] int run_status(const std::string& where, bool json);

// The last log lines of a running instance. 0: of the only one that runs.
[[nodiscard]] Result<std::string> log_of_instance(int pid);

}  // namespace adit::app
