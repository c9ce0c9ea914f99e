#include "management/line_input.h"

#include <cstring>
#include <utility>

namespace adit::management {

void LineInput::keep(char letter) {
  const auto code = static_cast<unsigned char>(letter);
  if (code < 0x20 || code == 0x7f) return;
  if (line_.text.size() < longest) {
    line_.text.push_back(letter);
  } else {
    line_.too_long = true;
  }
}

std::optional<LineInput::Line> LineInput::next() {
  while (at_ < waiting_.size()) {
    const char letter = waiting_[at_++];
    if (letter == '\n') return std::exchange(line_, {});
    keep(letter);
  }
  explicit_bzero(waiting_.data(), waiting_.size());  // there may have been a password
  waiting_.clear();
  at_ = 0;
  return std::nullopt;
}

void LineInput::clear() { *this = {}; }

}  // namespace adit::management
