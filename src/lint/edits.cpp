#include "lint/edits.h"

#include <algorithm>

#include "base/text.h"

namespace adit::lint {

namespace {

// Lines of a comment, whatever they are made of. Stock reads no line of more than 255 bytes.
std::vector<std::string> comment(std::string_view text) {
  constexpr std::size_t columns = 100;
  const std::string all = printable(trim(text));
  std::vector<std::string> lines{std::string(migrate_mark)};
  bool begins = true;
  for (const std::string_view word : split(all, ' ')) {
    if (!begins && lines.back().size() + 1 + word.size() > columns) {
      lines.push_back(std::string(migrate_mark) + "  ");
      begins = true;
    }
    lines.back() += (begins ? "" : " ") + std::string(word);
    begins = false;
  }
  return lines;
}

std::string was(const Piece& piece) { return options::shown(piece.text()); }

std::string_view indent_of(const Piece& piece) {
  const std::string_view raw = piece.raw;
  return raw.substr(0, std::min(raw.find_first_not_of(" \t"), raw.size()));
}

// What cannot stand in a line is no option of anybody.
bool is_line(const std::string& line) {
  return line.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
}

}  // namespace

Round::Round(std::string_view text, const std::string& source, options::Files* files)
    : source_(source), pieces_(pieces_of(text)), linted_(lint_text(text, source, files)) {
  if (!pieces_.empty() && pieces_.front().raw.ends_with("\r\n")) end_ = "\r\n";
  edit_of_.resize(pieces_.size());
}

const Piece* Round::piece_of(const options::Issue& issue) const {
  if (issue.at.file != source_) return nullptr;
  const auto after = std::ranges::upper_bound(pieces_, issue.at.line, {}, &Piece::line);
  if (after == pieces_.begin()) return nullptr;
  const Piece& piece = *std::prev(after);
  return piece.is_kept || issue.at.line > piece.last_line() ? nullptr : &piece;
}

const Piece* Round::last(std::string_view option) const {
  const Piece* found = nullptr;
  for (const Piece& piece : pieces_) {
    if (piece.name() == option && !piece.is_kept && !piece.in_connection) found = &piece;
  }
  return found;
}

bool Round::says(std::string_view option) const {
  return std::ranges::any_of(pieces_, [&](const Piece& piece) { return piece.name() == option; });
}

Edit* Round::edit(const Piece& piece, std::string why) {
  const auto index = static_cast<std::size_t>(&piece - pieces_.data());
  if (edit_of_[index] != 0 || piece.is_kept) return nullptr;
  edits_.push_back({.piece = index, .why = std::move(why)});
  edit_of_[index] = edits_.size();
  return &edits_.back();
}

void Round::replace(const Piece& piece, std::vector<std::string> lines, std::string why) {
  if (!std::ranges::all_of(lines, is_line)) return;
  if (Edit* one = edit(piece, std::move(why))) one->lines = std::move(lines);
}

void Round::add_below(const Piece& piece, std::vector<std::string> lines, std::string why) {
  Edit* one = edit(piece, std::move(why));
  if (one == nullptr) return;
  one->stays = true;
  one->lines = std::move(lines);
}

void Round::keep(const Piece& piece, std::string why) {
  if (piece.in_connection) return;
  Edit* one = edit(piece, std::move(why));
  if (one == nullptr) return;
  one->moves = true;
}

void Round::keep_as(const Piece& piece, std::vector<std::string> lines, std::string why) {
  if (piece.in_connection || !std::ranges::all_of(lines, is_line)) return;
  if (Edit* one = edit(piece, std::move(why))) one->for_old = std::move(lines);
}

void Round::keep_new(const std::vector<std::string>& lines, std::string_view why) {
  new_kept_ += ended(comment(why)) + ended(lines);
  ++additions_;
}

void Round::accept(const std::string& message) {
  const std::string line = std::string(accepted_mark) + accepted_form(message);
  if (new_kept_.find(line + end_) != std::string::npos) return;
  new_kept_ += ended(line);
  ++additions_;
}

std::string Round::ended(const std::vector<std::string>& lines) const {
  std::string text;
  for (const std::string& line : lines) text += ended(line);
  return text;
}

std::string Round::kept_lines() const {
  std::string text;
  for (const Edit& one : edits_) {
    const Piece& piece = pieces_[one.piece];
    if (one.moves) {
      text += ended(comment(one.why)) + piece.raw;
      if (!text.ends_with('\n')) text += end_;
    }
    if (one.for_old.empty()) continue;
    text += ended(comment("was \"" + was(piece) + "\": " + one.why));
    text += ended(one.for_old);
  }
  return text + new_kept_;
}

std::string Round::in_place_of(const Edit& edit) const {
  const Piece& piece = pieces_[edit.piece];
  const std::string indent(indent_of(piece));
  std::string text = edit.stays ? piece.raw : std::string();
  if (!text.empty() && !text.ends_with('\n')) text += end_;
  std::string what = edit.why;
  if (edit.moves || !edit.for_old.empty()) {
    what = "\"" + was(piece) + "\" is among what is kept for old peers";
  } else if (!edit.stays) {
    what = "was \"" + was(piece) + "\": " + edit.why;
  }
  for (const std::string& line : comment(what)) text += indent + ended(line);
  for (const std::string& line : edit.lines) text += indent + ended(line);
  return text;
}

std::string Round::result() const {
  const std::string kept = kept_lines();
  std::string text;
  bool placed = kept.empty();
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (!placed && piece.is_kept && piece.text() == kept_end) {
      text += kept;
      placed = true;
    }
    text += edit_of_[i] == 0 ? piece.raw : in_place_of(edits_[edit_of_[i] - 1]);
  }
  if (placed) return text;
  if (!text.empty() && !text.ends_with('\n')) text += end_;
  text += ended(kept_begin);
  text += ended(comment("once every peer is of today, take this away up to the line of its end"));
  return text + kept + ended(kept_end);
}

std::string line_of(const std::vector<std::string>& words) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@+*!?";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '"';
    for (const char c : word) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  return line;
}

}  // namespace adit::lint
