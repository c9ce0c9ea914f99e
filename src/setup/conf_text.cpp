#include "setup/conf_text.h"

#include <algorithm>

#include "base/text.h"
#include "options/lexer.h"

namespace adit::setup {

namespace {

std::vector<std::string> words_of(std::string_view line) {
  auto words = options::split_words(line);
  if (!words) return {};
  if (!words->empty() && words->front().starts_with("--")) words->front().erase(0, 2);
  return std::move(*words);
}

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t\"'\\#;") == std::string::npos) return word;
  std::string text = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

}  // namespace

ConfText::ConfText(std::string_view text) {
  std::string end;
  // Unlike options::LineReader this must not lose a byte.
  for (const std::string_view line : lines(text)) {
    Line one{std::string(line), {}};
    if (!end.empty()) {
      if (trim(line).starts_with(end)) end.clear();
    } else {
      one.words = words_of(line);
      if (const auto tag = options::block_tag(one.words)) {
        end = "</" + std::string(*tag) + ">";
        one.words.clear();
      }
    }
    lines_.push_back(std::move(one));
  }
}

std::optional<ConfText::Words> ConfText::find(std::string_view option) const {
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
    if (!line->words.empty() && line->words.front() == option) return line->words;
  }
  return std::nullopt;
}

std::vector<ConfText::Words> ConfText::find_all(const Matches& matches) const {
  std::vector<Words> found;
  for (const Line& line : lines_) {
    if (!line.words.empty() && matches(line.words)) found.push_back(line.words);
  }
  return found;
}

void ConfText::set(const Words& words, std::string_view after) {
  if (find(words.front()) == words) return;
  set_all(begins_with({words.front()}), {words}, after);
}

void ConfText::remove(const Matches& matches) {
  std::erase_if(lines_,
                [&](const Line& line) { return !line.words.empty() && matches(line.words); });
}

void ConfText::set_all(const Matches& matches, const std::vector<Words>& wanted,
                       std::string_view after) {
  std::vector<Words> missing;
  for (const Words& words : wanted) {
    const bool there =
        std::ranges::any_of(lines_, [&](const Line& line) { return line.words == words; });
    if (!there && std::ranges::find(missing, words) == missing.end()) missing.push_back(words);
  }
  std::size_t at = lines_.size();
  bool found = false;
  for (std::size_t i = 0; i < lines_.size();) {
    const bool ours = !lines_[i].words.empty() && matches(lines_[i].words);
    if (!ours) {
      ++i;
      continue;
    }
    found = true;
    if (std::ranges::find(wanted, lines_[i].words) != wanted.end()) {
      at = ++i;
    } else {
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(i));
      at = i;
    }
  }
  if (!found) at = place_after(after);
  for (const Words& words : missing) insert(at++, words);
}

void ConfText::replace(const Words& words, const Words& by) {
  for (Line& line : lines_) {
    if (line.words == words) line = {conf_line(by), by};
  }
}

void ConfText::put_inside(const Words& words, std::string_view text) {
  const char* last = text.ends_with('\n') ? "" : "\n";
  const std::string block = fmt::format("<{0}>\n{1}{2}</{0}>", words.front(), text, last);
  for (Line& line : lines_) {
    if (line.words == words) line = {block, {}};
  }
}

void ConfText::insert(std::size_t at, const Words& words) {
  lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at), {conf_line(words), words});
}

std::size_t ConfText::place_after(std::string_view option) const {
  for (std::size_t i = lines_.size(); i-- > 0 && !option.empty();) {
    if (!lines_[i].words.empty() && lines_[i].words.front() == option) return i + 1;
  }
  return lines_.size();
}

std::string ConfText::text() const {
  std::string text;
  for (const Line& line : lines_) text += line.text + "\n";
  return text;
}

std::string conf_line(const ConfText::Words& words) {
  std::vector<std::string> shown;
  for (const std::string& word : words) shown.push_back(quoted(word));
  // As everybody writes it.
  if (words.size() == 2 && words[0] == "push" && words[1].find('"') == std::string::npos) {
    shown[1] = "\"" + words[1] + "\"";
  }
  return join(shown, " ");
}

ConfText::Words push_words(const ConfText::Words& words) { return {"push", join(words, " ")}; }

ConfText::Matches begins_with(ConfText::Words words) {
  return [words = std::move(words)](const ConfText::Words& line) {
    ConfText::Words spread = line;
    if (line.size() == 2 && line[0] == "push") {
      spread = words_of(line[1]);
      spread.insert(spread.begin(), "push");
    }
    return spread.size() >= words.size() && std::equal(words.begin(), words.end(), spread.begin());
  };
}

}  // namespace adit::setup
