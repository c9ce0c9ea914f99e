#include "wire/peer_info.h"

#include <algorithm>

#include "base/text.h"

namespace adit::wire {

PeerInfo PeerInfo::parse(std::string_view text) {
  PeerInfo info;
  for (std::string_view line : split(text, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    info.add(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  }
  info.lines_.shrink_to_fit();  // a server keeps them for every client
  return info;
}

void PeerInfo::add(std::string name, std::string value) {
  if (!find(name)) lines_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> PeerInfo::find(std::string_view name) const {
  const auto line = std::ranges::find(lines_, name, &std::pair<std::string, std::string>::first);
  if (line == lines_.end()) return std::nullopt;
  return line->second;
}

std::string PeerInfo::text() const {
  std::string text;
  for (const auto& [name, value] : lines_) text += name + "=" + value + "\n";
  return text;
}

std::uint32_t PeerInfo::proto() const {
  return to_number<std::uint32_t>(find("IV_PROTO").value_or("")).value_or(0);
}

bool PeerInfo::has_ncp2() const {
  return to_number<std::uint32_t>(find("IV_NCP").value_or("")).value_or(0) >= 2;
}

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::optional<std::string> exportable_value(std::string_view name, std::string_view value) {
  if (name.size() + 1 + value.size() > 255) return std::nullopt;
  if (!name.starts_with("IV_") && !name.starts_with("UV_")) return std::nullopt;
  if (!std::ranges::all_of(name, is_word)) return std::nullopt;
  std::string clean = printable(value);
  for (char& c : clean) {
    if (c == ' ' || c == '$' || c == '(' || c == '`') c = '_';
  }
  return clean;
}

}  // namespace adit::wire
