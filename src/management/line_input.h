#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace adit::management {

// Lines out of whatever bytes come in. Only printable characters are kept; a line that is too long
// is lost as a whole, so that its rest is not taken for a command.
class LineInput {
 public:
  static constexpr std::size_t longest = 1023;

  void take(Bytes bytes) { waiting_.append(bytes.begin(), bytes.end()); }
  struct Line {
    std::string text;
    bool too_long = false;
  };
  // Call until there is none: what is kept then is less than one line.
  [[nodiscard]] std::optional<Line> next();
  void clear();

 private:
  void keep(char letter);

  std::string waiting_;
  std::size_t at_ = 0;
  Line line_;
};

}  // namespace adit::management
