#include "system/log_output.h"

#include <cerrno>
#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include "system/kernel_error.h"
#include "system/store.h"

namespace adit::system {

namespace {

constexpr int microseconds_from_verb = 4;
constexpr std::size_t remembered_lines = 200;
constexpr std::size_t longest_remembered = 1000;  // characters

void put(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody to tell
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

int syslog_level(Severity severity) {
  switch (severity) {
    case Severity::fatal:
    case Severity::error:
      return LOG_ERR;
    case Severity::warning:
      return LOG_WARNING;
    case Severity::info:
    case Severity::debug:
      return LOG_NOTICE;
  }
  return LOG_NOTICE;
}

// Appending even to a fresh file: a rotation that copies and truncates then leaves no hole.
Result<Fd> open_log(const std::string& path, bool append) {
  const int start = append ? 0 : O_TRUNC;
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | start, private_mode));
  if (fd) return fd;
  return kernel_refused(errno, "cannot open the log file " + path,
                        "its directory must exist and be writable");
}

}  // namespace

LogOutput::~LogOutput() {
  if (target_ == Target::syslog) closelog();
}

void LogOutput::set_mute(unsigned lines) {
  const std::lock_guard guard(lock_);
  mute_.limit(lines);
}

void LogOutput::set_listener(Listener listener) {
  const std::lock_guard guard(lock_);
  listener_ = std::move(listener);
}

void LogOutput::set_timestamps(bool on) {
  const std::lock_guard guard(lock_);
  style_.timestamps = on;
}

void LogOutput::set_machine_readable(bool on) {
  const std::lock_guard guard(lock_);
  style_.machine_readable = on;
}

void LogOutput::set_errors_to_stderr(bool on) {
  const std::lock_guard guard(lock_);
  errors_to_stderr_ = on;
}

Status LogOutput::to_file(const std::string& path, bool append) {
  Result<Fd> file = open_log(path, append);
  if (!file) return fail_with(std::move(file.error()));
  const std::lock_guard guard(lock_);
  remember_terminal();
  file_ = std::move(*file);
  path_ = path;
  target_ = Target::file;
  return {};
}

void LogOutput::redirect_standard_output() {
  const std::lock_guard guard(lock_);
  if (!file_) return;
  dup2(file_.get(), STDOUT_FILENO);
  dup2(file_.get(), STDERR_FILENO);
  redirected_ = true;
}

void LogOutput::to_syslog(const std::string& ident) {
  const std::lock_guard guard(lock_);
  remember_terminal();
  ident_ = ident;
  openlog(ident_.c_str(), LOG_PID | LOG_NDELAY, LOG_DAEMON);
  target_ = Target::syslog;
}

void LogOutput::to_standard_output() {
  const std::lock_guard guard(lock_);
  target_ = Target::standard_output;
}

void LogOutput::remember_terminal() {
  if (!terminal_) terminal_ = Fd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

Status LogOutput::reopen() {
  if (target_ != Target::file) return {};
  if (Status opened = to_file(path_, true); !opened) return opened;
  if (redirected_) redirect_standard_output();
  return {};
}

void LogOutput::remember_line(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  recent_.emplace_back(line.substr(0, longest_remembered));
  if (recent_.size() > remembered_lines) recent_.pop_front();
}

std::vector<std::string> LogOutput::recent() const {
  const std::lock_guard guard(lock_);
  return {recent_.begin(), recent_.end()};
}

void LogOutput::write(const LogLine& line) {
  if (line.verb > verbosity()) return;
  const std::lock_guard guard(lock_);
  const MuteFilter::Verdict verdict = mute_.judge(line.mute_class);
  if (verdict.notice) print(Severity::info, mute_notice_flags, *verdict.notice);
  if (!verdict.show) return;
  print(line.severity, log_flags(line), line.text);
  if (listener_) listener_(clock_(), line);
}

void LogOutput::print(Severity severity, unsigned flags, std::string_view text) {
  LogStyle style = style_;
  style.microseconds = verbosity() >= microseconds_from_verb;
  const std::string whole = dressed(style, clock_(), flags, text);
  remember_line(whole);
  const bool to_stderr = errors_to_stderr_ && severity >= Severity::error;
  switch (target_) {
    case Target::standard_output:
      return put(to_stderr ? STDERR_FILENO : STDOUT_FILENO, whole);
    case Target::file:
      put(file_.get(), whole);
      break;
    case Target::syslog:
      syslog(syslog_level(severity), "%.*s", static_cast<int>(text.size()), text.data());
      break;
  }
  if (severity == Severity::fatal && terminal_) put(terminal_.get(), whole);
}

}  // namespace adit::system
