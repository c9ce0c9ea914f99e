#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit::setup {

// A configuration file as its user sees it: single lines are changed, and all others, comments
// included, stay byte for byte. What stands between <tag> and </tag> is not looked at.
class ConfText {
 public:
  using Words = std::vector<std::string>;
  using Matches = std::function<bool(const Words&)>;

  explicit ConfText(std::string_view text);

  // The words of the last line that begins with this option.
  [[nodiscard]] std::optional<Words> find(std::string_view option) const;
  [[nodiscard]] std::vector<Words> find_all(const Matches& matches) const;

  // The option stands there once, with these words. Where it was not, it comes after the last line
  // of `after` ("" or unknown: at the end).
  void set(const Words& words, std::string_view after = {});
  void remove(const Matches& matches);
  // Of the lines that match, exactly these remain or come: the list as a whole is set. New ones
  // follow the last that matched, or the last line of the option `after`.
  void set_all(const Matches& matches, const std::vector<Words>& wanted,
               std::string_view after = {});

  // The lines of exactly these words become others, or a block of the option they begin with:
  // <ca>, text, </ca>.
  void replace(const Words& words, const Words& by);
  void put_inside(const Words& words, std::string_view text);

  [[nodiscard]] std::string text() const;

 private:
  struct Line {
    std::string text;
    Words words;  // empty: a comment, a blank line, or part of a block
  };

  void insert(std::size_t at, const Words& words);
  [[nodiscard]] std::size_t place_after(std::string_view option) const;

  std::vector<Line> lines_;
};

// One line of a configuration: words that need it are quoted.
[[nodiscard]] std::string conf_line(const ConfText::Words& words);

// Of the line that pushes an option of these words.
[[nodiscard]] ConfText::Words push_words(const ConfText::Words& words);

// Matches lines that begin with these words; of push options, "push" and what the pushed text
// begins with: {"push", "route"} is push "route ...".
[[nodiscard]] ConfText::Matches begins_with(ConfText::Words words);

}  // namespace adit::setup
