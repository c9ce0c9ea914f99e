#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/core.h>

namespace adit {

// OpenVPN's message classes; they become the flags of machine-readable and management output.
enum class Severity : std::uint8_t { info, debug, warning, error, fatal };

struct LogLine {
  int verb = 1;  // shown when the configured verbosity is at least this
  Severity severity = Severity::info;
  int mute_class = 0;  // 0: never muted; consecutive lines of one other class count for "mute"
  std::string_view text;
};

// Where lines end up. Called from the control thread only.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(const LogLine& line) = 0;
  [[nodiscard]] virtual int verbosity() const = 0;
};

// A sink and a prefix ("client1/203.0.113.2:40037 "). Copy it freely; the sink must outlive it.
class Log {
 public:
  explicit Log(LogSink& sink, std::string prefix = {}) : sink_(&sink), prefix_(std::move(prefix)) {}

  [[nodiscard]] Log with_prefix(std::string prefix) const { return Log(*sink_, std::move(prefix)); }
  [[nodiscard]] bool shows(int verb) const { return sink_->verbosity() >= verb; }

  template <typename... Args>
  void info(int verb, fmt::format_string<Args...> format, Args&&... args) const {
    print(verb, Severity::info, information_class(verb), format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void debug(int verb, fmt::format_string<Args...> format, Args&&... args) const {
    print(verb, Severity::debug, information_class(verb), format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    print(1, Severity::warning, 0, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    print(1, Severity::error, 0, format, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void fatal(fmt::format_string<Args...> format, Args&&... args) const {
    print(0, Severity::fatal, 0, format, fmt::make_format_args(args...));
  }
  // A line that repeats under an attack or a bad network: "mute n" may hold it back.
  template <typename... Args>
  void mutable_error(int mute_class, fmt::format_string<Args...> format, Args&&... args) const {
    print(1, Severity::error, mute_class, format, fmt::make_format_args(args...));
  }

 private:
  // Details are muted, what is shown by default never is. Most of stock's of levels 2 and 3 are of
  // one class.
  static int information_class(int verb) {
    constexpr int usual_details = 20, finer_details = 100;
    if (verb <= 1) return 0;
    return verb <= 3 ? usual_details : finer_details + verb;
  }
  void print(int verb, Severity severity, int mute_class, fmt::string_view format,
             fmt::format_args args) const;

  LogSink* sink_;
  std::string prefix_;
};

}  // namespace adit
