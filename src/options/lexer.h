#pragma once

// From text to words, by OpenVPN's rules. Any bytes may come in; the work is linear in their
// number.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace adit::options {

// Splits one line: words are separated by blanks; quotes count only where a word begins, and inside
// them only "..." knows the backslash, which may stand before \, " and blanks; # and ; begin a
// comment where a word could begin. Used for configuration lines, pushed options and the command
// strings of scripts. The error names the column.
[[nodiscard]] Result<std::vector<std::string>> split_words(std::string_view line);

// From where split_words finds the first word.
[[nodiscard]] std::string_view without_leading_blanks(std::string_view line);

// The lines of a text, without their ends. A byte order mark is skipped, CR LF ends a line like LF,
// and a NUL hides the rest of its line. An end behind a backslash stays, for the splitter.
class LineReader {
 public:
  // first_line: the number of the text's first line, for a text that is part of a file.
  explicit LineReader(std::string_view text, int first_line = 1);

  std::optional<std::string_view> next();
  [[nodiscard]] int number() const { return number_; }  // of the line last returned

  // The lines up to the one which begins with </tag>, which is consumed, each ended by LF. Nothing
  // when the end is missing; the reader is then at the end of the text.
  std::optional<std::string> block(std::string_view tag);

 private:
  std::string_view rest_;
  int number_;
};

// "ca" of a line that holds nothing but <ca>.
[[nodiscard]] std::optional<std::string_view> block_tag(const std::vector<std::string>& words);

}  // namespace adit::options
