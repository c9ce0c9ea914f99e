#pragma once

// A configuration text in pieces that make the same text again.

#include <string>
#include <string_view>
#include <vector>

namespace adit::lint {

// What stands between these lines is kept on purpose. Both are comments to any OpenVPN.
inline constexpr std::string_view kept_begin = "# ---- kept for old peers ----";
inline constexpr std::string_view kept_end = "# ---- end of what is kept for old peers ----";
// Begins a line in there that says which finding is known and accepted.
inline constexpr std::string_view accepted_mark = "# accepted: ";

// A finding's message as it stands after that mark: printable, and cut where stock would not read
// the line.
[[nodiscard]] std::string accepted_form(std::string_view message);

// A line, or a block from <tag> to </tag>.
struct Piece {
  std::string raw;                 // all of it, with line ends
  int line = 0;                    // its first, from 1
  std::vector<std::string> words;  // option and parameters; of a block tag and text. Empty: a
                                   // comment, or nothing that can be split
  bool is_block = false;
  bool in_connection = false;
  bool is_kept = false;  // stands among what is kept for old peers, its marks included

  [[nodiscard]] const std::string& name() const;  // empty when there are no words
  [[nodiscard]] std::string_view text() const;    // the first line, without blanks around it
  [[nodiscard]] int last_line() const;
};

// Reads as options::Reader does. <connection> and </connection> are pieces without words, and what
// lies between them is taken apart too. A byte order mark is left out.
[[nodiscard]] std::vector<Piece> pieces_of(std::string_view text);
[[nodiscard]] std::string text_of(const std::vector<Piece>& pieces);

}  // namespace adit::lint
