#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "system/clock.h"

namespace adit::system {

// How a line is dressed. machine_readable beats the other two.
struct LogStyle {
  bool timestamps = true;
  bool microseconds = false;  // stock shows them from verb 4 on
  bool machine_readable = false;
};

// The flags other programs know: verbosity, kind of message, class of muting.
[[nodiscard]] unsigned log_flags(const LogLine& line);

// A whole line with its newline:
//   2026-11-22 10:02:02 TEXT    2026-11-22 10:02:02 us=9520 TEXT    1795342337.473519 21 TEXT
[[nodiscard]] std::string dressed(const LogStyle& style, const WallMoment& at, unsigned flags,
                                  std::string_view text);

// "mute n": of consecutive lines of one class only the first n are shown. Lines of class 0 are
// always shown. (Stock shows half of n: it counts every line twice.)
class MuteFilter {
 public:
  void limit(unsigned lines);  // 0: nothing is muted

  struct Verdict {
    std::optional<std::string> notice;  // to be logged first
    bool show = true;
  };
  [[nodiscard]] Verdict judge(int mute_class);

 private:
  unsigned limit_ = 0;
  int class_ = 0;
  unsigned count_ = 0;
};

inline constexpr unsigned mute_notice_flags = 0x801;

}  // namespace adit::system
