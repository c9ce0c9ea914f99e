#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace adit::ports {

// A program to run: never through a shell, nothing inherited but what stands here.
struct Command {
  std::vector<std::string> argv;                               // argv[0]: path of the program
  std::vector<std::pair<std::string, std::string>> variables;  // the whole environment
};

class ProcessPort {
 public:
  virtual ~ProcessPort() = default;
  // done gets the exit status (128 + signal when killed) on the control thread, never from within
  // run(); an error when the program could not be started.
  virtual void run(const Command& command, std::function<void(Result<int>)> done) = 0;
  // For start and stop, where stock waits too.
  [[nodiscard]] virtual Result<int> run_and_wait(const Command& command) = 0;
};

}  // namespace adit::ports
