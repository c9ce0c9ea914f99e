#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "base/log.h"
#include "node/environment.h"
#include "ports/process_port.h"

namespace adit::node {

// Runs the user's programs, if the configuration lets it.
class Hooks {
 public:
  Hooks(const options::Scripts& scripts, Environment common, ports::ProcessPort& processes, Log log)
      : scripts_(scripts),
        common_(std::move(common)),
        processes_(processes),
        log_(std::move(log)) {}

  // Waits for it. True: it ran and exited 0, or there is none.
  bool run_and_wait(std::string_view type, const options::Script& script, const Environment& env,
                    const std::vector<std::string>& arguments = {});
  // done gets the exit status, -1 when it could not run.
  void run(std::string_view type, const options::Script& script, const Environment& env,
           const std::vector<std::string>& arguments, std::function<void(int)> done);
  // One after the other, as they were asked for: programs that keep books of comings and goings.
  void run_in_order(std::string_view type, const options::Script& script, const Environment& env,
                    const std::vector<std::string>& arguments, std::function<void(int)> done);
  [[nodiscard]] bool idle() const { return queue_.empty(); }

  [[nodiscard]] const options::Scripts& scripts() const { return scripts_; }

 private:
  struct Queued {
    std::string type;
    const options::Script& script;
    Environment env;
    std::vector<std::string> arguments;
    std::function<void(int)> done;
  };

  void run_first();
  [[nodiscard]] bool allowed(std::string_view type) const;
  [[nodiscard]] ports::Command command(std::string_view type, const options::Script& script,
                                       const Environment& env,
                                       const std::vector<std::string>& arguments) const;
  void log_failure(std::string_view type, const Result<int>& status) const;

  options::Scripts scripts_;
  Environment common_;
  ports::ProcessPort& processes_;
  Log log_;
  std::deque<Queued> queue_;                              // the first one runs
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // a program may outlive us
};

}  // namespace adit::node
