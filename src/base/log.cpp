#include "base/log.h"

namespace adit {

void Log::print(int verb, Severity severity, int mute_class, fmt::string_view format,
                fmt::format_args args) const {
  if (!shows(verb)) return;
  const std::string text = prefix_ + fmt::vformat(format, args);
  sink_->write(LogLine{verb, severity, mute_class, text});
}

}  // namespace adit
