#include "explain/pattern.h"

#include "base/text.h"

namespace adit::explain {

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view line) {
  const auto pieces = split(pattern, '*');
  std::vector<std::string> stars;
  std::size_t at = line.find(pieces[0]);
  if (at == line.npos) return std::nullopt;
  at += pieces[0].size();
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const bool rest = pieces[i].empty() && i + 1 == pieces.size();
    const std::size_t next = rest ? line.size() : line.find(pieces[i], at);
    if (next == line.npos) return std::nullopt;
    stars.emplace_back(line.substr(at, next - at));
    at = next + pieces[i].size();
  }
  return stars;
}

std::string fill(std::string_view text, std::string_view line,
                 const std::vector<std::string>& stars) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool number = text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}' &&
                        text[i + 1] >= '0' && text[i + 1] <= '9';
    if (!number) {
      out += text[i];
      continue;
    }
    const auto index = static_cast<std::size_t>(text[i + 1] - '0');
    if (index == 0) {
      out += line;
    } else if (index <= stars.size()) {
      out += stars[index - 1];
    }
    i += 2;
  }
  return out;
}

}  // namespace adit::explain
