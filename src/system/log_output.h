#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "system/fd.h"
#include "system/log_format.h"

namespace adit::system {

// Where the log goes: standard output at first, then a file or syslog. A fatal line also goes to
// the terminal the process was started from, wherever the log is. Settings change on the control
// thread; any thread may write.
class LogOutput final : public LogSink {
 public:
  explicit LogOutput(std::function<WallMoment()> clock = wall_moment) : clock_(std::move(clock)) {}
  ~LogOutput() override;
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  void set_verbosity(int verb) { verb_.store(verb, std::memory_order_relaxed); }
  void set_mute(unsigned lines);
  void set_timestamps(bool on);
  void set_machine_readable(bool on);
  void set_errors_to_stderr(bool on);  // while the log goes to standard output

  [[nodiscard]] Status to_file(const std::string& path, bool append);
  // Everything that we and our children print goes to the file too.
  void redirect_standard_output();
  void to_syslog(const std::string& ident);
  void to_standard_output();
  [[nodiscard]] bool goes_to_file() const { return target_ == Target::file; }

  // After the file was moved away by a log rotation. The old file serves on when this fails.
  [[nodiscard]] Status reopen();
  // There is no terminal any more: the process became a daemon.
  void leave_terminal() { terminal_.reset(); }

  // The last lines as they were written, for whoever asks what happened.
  [[nodiscard]] std::vector<std::string> recent() const;

  // Hears every line that is shown, while a lock is held that keeps it from logging itself.
  using Listener = std::function<void(const WallMoment& at, const LogLine& line)>;
  void set_listener(Listener listener);

  void write(const LogLine& line) override;
  [[nodiscard]] int verbosity() const override { return verb_.load(std::memory_order_relaxed); }

 private:
  enum class Target { standard_output, file, syslog };

  void print(Severity severity, unsigned flags, std::string_view text);
  void remember_terminal();
  void remember_line(std::string_view line);

  std::function<WallMoment()> clock_;
  std::atomic<int> verb_{1};

  mutable std::mutex lock_;  // for all below
  LogStyle style_;
  MuteFilter mute_;
  bool errors_to_stderr_ = false;
  Target target_ = Target::standard_output;
  std::string path_;
  std::string ident_;  // syslog keeps a pointer to it
  Fd file_;
  Fd terminal_;  // standard error as it was before redirect_standard_output()
  bool redirected_ = false;
  std::deque<std::string> recent_;
  Listener listener_;
};

}  // namespace adit::system
