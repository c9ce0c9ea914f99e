#include "firewall/nft_texts.h"

#include <utility>

#include "base/text.h"

namespace adit::firewall {

namespace {

constexpr std::string_view handle_mark = " # handle ";

// "table inet filter { # handle 1" is "inet filter".
std::string table_in(std::string_view line) {
  const auto words = split(line, ' ');
  return words.size() >= 3 ? std::string(words[1]) + " " + std::string(words[2]) : std::string();
}

// Without what counts: it would differ each time it is shown.
std::string without_counts(std::string text) {
  constexpr std::string_view counter = "counter packets ";
  const auto start = text.find(counter);
  if (start == std::string::npos) return text;
  const auto bytes = text.find(" bytes ", start);
  if (bytes == std::string::npos) return text;
  const auto end = text.find(' ', bytes + 7);
  return text.substr(0, start) + "counter" + (end == std::string::npos ? "" : text.substr(end));
}

}  // namespace

std::map<std::string, std::string> read_nft_texts(const std::string& listing) {
  std::map<std::string, std::string> texts;
  std::string table;
  std::string rule;  // a long one takes several lines
  for (const std::string_view raw : split(listing, '\n')) {
    const std::string_view line = trim(raw);
    if (raw.starts_with("table ")) table = table_in(line);
    const auto mark = line.rfind(handle_mark);
    const std::string_view words = line.substr(0, mark);
    if (words.ends_with('{') || line == "}" || line.starts_with("type ")) {
      rule.clear();
      if (!words.ends_with("= {")) continue;
    }
    rule += (rule.empty() ? "" : " ") + std::string(words);
    if (mark == std::string_view::npos) continue;
    texts[table + " " + std::string(line.substr(mark + handle_mark.size()))] =
        without_counts(std::exchange(rule, {}));
  }
  return texts;
}

}  // namespace adit::firewall
