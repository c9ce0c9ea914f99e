#include "system/log_format.h"

#include <ctime>

#include <fmt/format.h>

namespace adit::system {

namespace {

constexpr unsigned fatal_flag = 0x10, error_flag = 0x20, warning_flag = 0x40, debug_flag = 0x80;
constexpr unsigned mute_shift = 24;

std::string local_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  localtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

unsigned log_flags(const LogLine& line) {
  const unsigned verb = static_cast<unsigned>(line.verb) & 0xF;
  const unsigned mute = static_cast<unsigned>(line.mute_class) << mute_shift;
  switch (line.severity) {
    case Severity::info:
      return mute | verb;
    case Severity::debug:
      return mute | debug_flag | verb;
    case Severity::warning:
      return mute | warning_flag;  // shown at every verbosity
    case Severity::error:
      return mute | error_flag | verb;
    case Severity::fatal:
      return mute | fatal_flag;
  }
  return mute | verb;
}

std::string dressed(const LogStyle& style, const WallMoment& at, unsigned flags,
                    std::string_view text) {
  if (style.machine_readable) {
    return fmt::format("{}.{:06} {:x} {}\n", at.seconds, at.microseconds, flags, text);
  }
  if (!style.timestamps) return fmt::format("{}\n", text);
  if (!style.microseconds) return fmt::format("{} {}\n", local_time(at.seconds), text);
  return fmt::format("{} us={} {}\n", local_time(at.seconds), at.microseconds, text);
}

void MuteFilter::limit(unsigned lines) {
  limit_ = lines;
  class_ = 0;
  count_ = 0;
}

MuteFilter::Verdict MuteFilter::judge(int mute_class) {
  if (limit_ == 0) return {};
  if (mute_class == 0 || mute_class != class_) {
    const unsigned held_back = count_ > limit_ ? count_ - limit_ : 0;
    class_ = mute_class;
    count_ = 1;
    if (held_back == 0) return {};
    return {fmt::format("{} variation(s) on previous {} message(s) suppressed by --mute", held_back,
                        limit_),
            true};
  }
  if (++count_ <= limit_) return {};
  if (count_ == limit_ + 1) return {"NOTE: --mute triggered...", false};
  return {std::nullopt, false};
}

}  // namespace adit::system
