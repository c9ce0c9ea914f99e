#include "options/lexer.h"

#include <array>

#include "base/bytes.h"
#include "base/text.h"

namespace adit::options {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

// Between words stock swallows an escaped blank like any other.
bool begins_with_blank(std::string_view rest) {
  return !rest.empty() &&
         (is_blank(rest[0]) || (rest[0] == '\\' && rest.size() > 1 && is_blank(rest[1])));
}

// What word processors and web pages make of the characters a configuration needs.
struct Typographic {
  std::string_view bytes;
  const char* what;
  const char* instead;
};
constexpr std::array typographic{
    Typographic{"\xE2\x80\x98", "a typographic quote", "'"},
    Typographic{"\xE2\x80\x99", "a typographic quote", "'"},
    Typographic{"\xE2\x80\x9C", "a typographic quote", "\""},
    Typographic{"\xE2\x80\x9D", "a typographic quote", "\""},
    Typographic{"\xE2\x80\x9E", "a typographic quote", "\""},
    Typographic{"\xC2\xAB", "a typographic quote", "\""},
    Typographic{"\xC2\xBB", "a typographic quote", "\""},
    Typographic{"\xE2\x80\x90", "a typographic hyphen", "-"},
    Typographic{"\xE2\x80\x91", "a typographic hyphen", "-"},
    Typographic{"\xE2\x80\x92", "a typographic dash", "--"},
    Typographic{"\xE2\x80\x93", "a typographic dash", "--"},
    Typographic{"\xE2\x80\x94", "a typographic dash", "--"},
    Typographic{"\xE2\x88\x92", "a minus sign", "-"},
    Typographic{"\xC2\xA0", "a no-break space", "an ordinary space"},
    Typographic{"\xE2\x80\x8B", "an invisible space", "nothing"},
    Typographic{"\xEF\xBB\xBF", "a byte order mark", "nothing"},
};

const Typographic* typographic_at(std::string_view rest) {
  for (const Typographic& mark : typographic) {
    if (rest.starts_with(mark.bytes)) return &mark;
  }
  return nullptr;
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  Result<std::vector<std::string>> words() {
    std::vector<std::string> words;
    while (find_word()) {
      auto word = take_word();
      if (!word) return fail_with(std::move(word.error()));
      words.push_back(std::move(*word));
    }
    return words;
  }

 private:
  bool find_word() {
    while (begins_with_blank(line_.substr(at_))) ++at_;
    return at_ < line_.size() && line_[at_] != '#' && line_[at_] != ';';
  }

  Result<std::string> take_word() {
    if (const Typographic* mark = typographic_at(line_.substr(at_))) return foreign(*mark);
    if (line_[at_] == '\'') return single_quoted();
    if (line_[at_] == '"') return double_quoted();
    return plain();
  }

  Result<std::string> plain() {
    std::string word;
    while (at_ < line_.size() && !is_blank(line_[at_])) {
      if (line_.substr(at_).starts_with("\xC2\xA0")) return foreign(*typographic_at("\xC2\xA0"));
      if (auto status = take_character(word); !status) return fail_with(status.error());
    }
    return word;
  }

  Result<std::string> double_quoted() {
    const std::size_t begin = at_++;
    std::string word;
    while (at_ < line_.size() && line_[at_] != '"') {
      if (auto status = take_character(word); !status) return fail_with(status.error());
    }
    if (at_ == line_.size()) return unclosed("No closing quotation (\")", begin);
    ++at_;
    return word;
  }

  Result<std::string> single_quoted() {
    const std::size_t begin = at_++;
    const std::size_t end = line_.find('\'', at_);
    if (end == std::string_view::npos) return unclosed("No closing single quotation (')", begin);
    std::string word(line_.substr(at_, end - at_));
    at_ = end + 1;
    return word;
  }

  Status take_character(std::string& word) {
    if (line_[at_] == '\\') {
      const char next = at_ + 1 < line_.size() ? line_[at_ + 1] : '\0';
      if (next != '\\' && next != '"' && !is_blank(next)) return bad_backslash();
      ++at_;
    }
    word += line_[at_++];
    return {};
  }

  tl::unexpected<Error> bad_backslash() const {
    return fail_with({fmt::format("Bad backslash ('\\') usage in column {}", at_ + 1),
                      R"(write \\ for a backslash; only \\, \" and \ before a blank are known)"});
  }
  static tl::unexpected<Error> unclosed(const char* what, std::size_t begin) {
    return fail_with({fmt::format("{}, opened in column {}", what, begin + 1),
                      "close it on the same line, or remove it"});
  }
  tl::unexpected<Error> foreign(const Typographic& mark) const {
    return fail_with(
        {fmt::format("{} (bytes {}) in column {}", mark.what, to_hex(as_bytes(mark.bytes)),
                     at_ + 1),
         fmt::format("it was probably pasted from a document; write {}", mark.instead)});
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

// What ends a line is a blank, and behind a backslash one that counts: there it stays.
std::string_view without_end(std::string_view line) {
  for (const char end : {'\n', '\r'}) {
    const bool escaped = line.size() > 1 && line[line.size() - 2] == '\\';
    if (line.ends_with(end) && !escaped) line.remove_suffix(1);
  }
  return line;
}

}  // namespace

std::string_view without_leading_blanks(std::string_view line) {
  while (begins_with_blank(line)) line.remove_prefix(1);
  return line;
}

Result<std::vector<std::string>> split_words(std::string_view line) {
  return Splitter(line.substr(0, line.find('\0'))).words();
}

LineReader::LineReader(std::string_view text, int first_line)
    : rest_(text), number_(first_line - 1) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
}

std::optional<std::string_view> LineReader::next() {
  if (rest_.empty()) return std::nullopt;
  const auto end = rest_.find('\n');
  const std::string_view line = rest_.substr(0, end == std::string_view::npos ? end : end + 1);
  rest_.remove_prefix(line.size());
  ++number_;
  return without_end(line.substr(0, line.find('\0')));
}

std::optional<std::string> LineReader::block(std::string_view tag) {
  const std::string end = "</" + std::string(tag) + ">";
  std::string text;
  while (auto line = next()) {
    if (line->ends_with('\n')) line->remove_suffix(1);
    const auto first = line->find_first_not_of(" \t");
    if (first != std::string_view::npos && line->substr(first).starts_with(end)) return text;
    text.append(*line).append("\n");
  }
  return std::nullopt;
}

std::optional<std::string_view> block_tag(const std::vector<std::string>& words) {
  if (words.size() != 1) return std::nullopt;
  const std::string_view word = words.front();
  if (word.size() < 3 || !word.starts_with('<') || !word.ends_with('>')) return std::nullopt;
  return word.substr(1, word.size() - 2);
}

}  // namespace adit::options
