#include "lint/pieces.h"

#include <algorithm>

#include "base/text.h"
#include "options/lexer.h"

namespace adit::lint {

namespace {

class Cutter {
 public:
  explicit Cutter(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  std::vector<Piece> run() {
    while (!rest_.empty()) take();
    return std::move(pieces_);
  }

 private:
  void take() {
    const std::string_view line = next_line();
    auto words = options::split_words(line);
    const auto tag = words ? options::block_tag(*words) : std::nullopt;
    if (tag) return take_block(line, std::string(*tag));
    Piece& piece = add(line);
    if (!words || words->empty()) return mark(piece);
    std::string& name = words->front();
    if (name.size() >= 3 && name.starts_with("--")) name.erase(0, 2);
    piece.words = std::move(*words);
  }

  void take_block(std::string_view first, const std::string& tag) {
    std::string_view text, last;
    const std::string_view all = up_to_end(tag, text, last);
    if (tag != "connection" || in_connection_) {
      Piece& piece = add(first);
      piece.raw += all;
      piece.words = {tag, std::string(text)};
      piece.is_block = true;
      line_ += static_cast<int>(std::ranges::count(all, '\n'));
      return;
    }
    add(first);
    const std::string_view outer = rest_;
    rest_ = text;
    in_connection_ = true;
    while (!rest_.empty()) take();
    in_connection_ = false;
    rest_ = outer;
    if (!last.empty()) add(last);
  }

  // What is left up to and with the line </tag>; text is what comes before that line.
  std::string_view up_to_end(const std::string& tag, std::string_view& text,
                             std::string_view& last) {
    const std::string end = "</" + tag + ">";
    const std::string_view begin = rest_;
    while (!rest_.empty()) {
      const std::size_t before = begin.size() - rest_.size();
      const std::string_view line = next_line();
      if (!trim_left(line).starts_with(end)) continue;
      text = begin.substr(0, before);
      last = line;
      return begin.substr(0, before + line.size());
    }
    text = begin;
    return begin;
  }

  static std::string_view trim_left(std::string_view line) {
    return line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
  }

  std::string_view next_line() {
    const auto end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end == std::string_view::npos ? end : end + 1);
    rest_.remove_prefix(line.size());
    return line;
  }

  Piece& add(std::string_view raw) {
    pieces_.push_back({.raw = std::string(raw), .line = ++line_, .words = {}});
    pieces_.back().in_connection = in_connection_;
    pieces_.back().is_kept = kept_;
    return pieces_.back();
  }

  void mark(Piece& piece) {
    if (in_connection_) return;
    if (piece.text() == kept_begin) kept_ = piece.is_kept = true;
    if (piece.text() == kept_end) kept_ = false;
  }

  std::string_view rest_;
  std::vector<Piece> pieces_;
  int line_ = 0;
  bool in_connection_ = false;
  bool kept_ = false;
};

}  // namespace

std::string accepted_form(std::string_view message) {
  constexpr std::size_t longest = 200;
  const std::string text = printable(message);
  std::size_t end = std::min(text.size(), longest);
  while (end < text.size() && end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return std::string(trim(std::string_view(text).substr(0, end)));
}

const std::string& Piece::name() const {
  static const std::string none;
  return words.empty() ? none : words.front();
}

std::string_view Piece::text() const {
  return trim(std::string_view(raw).substr(0, raw.find('\n')));
}

int Piece::last_line() const {
  const auto ends = static_cast<int>(std::ranges::count(raw, '\n'));
  return line + std::max(0, ends - 1);
}

std::vector<Piece> pieces_of(std::string_view text) { return Cutter(text).run(); }

std::string text_of(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces) text += piece.raw;
  return text;
}

}  // namespace adit::lint
