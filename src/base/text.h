#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit {

// Parts between separators; an empty text has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
// Parts between blanks and tabs, none of them empty.
std::vector<std::string_view> words(std::string_view text);
// Without what ends them; an end at the very end begins no further line.
std::vector<std::string_view> lines(std::string_view text);
std::string_view trim(std::string_view text);
inline bool is_control(char letter) {
  return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
}
std::string to_upper(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// Replaces by '_' what is no printable character in UTF-8, so that a peer's words can be shown: as
// stock does for names, but for bytes that are no text at all.
std::string printable(std::string_view text);

// The whole text as a decimal number, or nothing: no sign, no space, no overflow.
template <std::integral T>
std::optional<T> to_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

// Number of single-character edits between two words: finds the name the user meant.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace adit
