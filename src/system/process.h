#pragma once

#include <map>
#include <memory>
#include <string>
#include <sys/types.h>

#include "ports/process_port.h"
#include "system/loop.h"

namespace adit::system {

// Runs programs: directly, never through a shell, with exactly the arguments and variables given,
// nothing on standard input and no other descriptor of ours. Each gets a process group of its own.
class Processes final : public ports::ProcessPort {
 public:
  explicit Processes(Loop& loop);
  ~Processes() override;  // kills what still runs
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  using Done = std::function<void(Result<int>)>;
  void run(const ports::Command& command, Done done) override;
  [[nodiscard]] Result<int> run_and_wait(const ports::Command& command) override;
  // Called every so often while run_and_wait() keeps the thread.
  void while_waiting(Duration every, std::function<void()> callback) {
    every_ = every;
    while_waiting_ = std::move(callback);
  }
  [[nodiscard]] std::size_t running() const { return children_.size(); }

 private:
  struct Child {
    Fd handle;         // readable when the process has ended
    TimerId poll = 0;  // where the kernel gives no such handle
    TimerId limit = 0, patience = 0;
    Duration allowed{};
    bool overdue = false;
    Done done;
  };

  void follow(pid_t pid, Child& child);
  void look_again_later(pid_t pid);
  void end_at_limit(pid_t pid, Child& child);
  void collect(pid_t pid);
  void let_go(Child& child);
  // False: it was killed at its limit.
  [[nodiscard]] bool wait_patiently(pid_t pid, Duration limit);

  Loop& loop_;
  std::shared_ptr<int> alive_;  // for what is still posted to the loop
  std::map<pid_t, Child> children_;
  Duration every_{};
  std::function<void()> while_waiting_;
};

// Runs a program and returns what it wrote to standard output (with complaints: and to standard
// error), up to limit bytes. Blocks.
struct Output {
  int status = 0;
  std::string text;
};
enum class Captured { output, with_complaints };
[[nodiscard]] Result<Output> run_and_capture(const ports::Command& command, std::size_t limit,
                                             Captured captured = Captured::output);

}  // namespace adit::system
