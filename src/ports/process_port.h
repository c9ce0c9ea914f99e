#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace adit::ports {

// A program to run: never through a shell, nothing inherited but what stands here.
struct Command {
  std::vector<std::string> argv;                               // argv[0]: path of the program
  std::vector<std::pair<std::string, std::string>> variables;  // the whole environment
  Duration limit{};  // it is killed, with its children, if it runs longer; zero: it may
  // Of run() alone: called on the control thread if it still runs after this time.
  Duration patience{};
  std::function<void()> takes_long{};
};

class ProcessPort {
 public:
  virtual ~ProcessPort() = default;
  // done gets the exit status (128 + signal when killed) on the control thread, never from within
  // run(); an error when the program could not be started, or was killed at its limit.
  virtual void run(const Command& command, std::function<void(Result<int>)> done) = 0;
  // For start and stop, where stock waits too.
  [[nodiscard]] virtual Result<int> run_and_wait(const Command& command) = 0;
};

}  // namespace adit::ports
