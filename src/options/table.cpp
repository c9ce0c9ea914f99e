#include "options/table.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"
#include "options/pages.h"

namespace adit::options {

namespace {

std::vector<const Row*> sorted_rows() {
  std::vector<const Row*> rows;
  for (const Page& page : pages()) {
    for (const Row& row : page.rows) rows.push_back(&row);
  }
  std::ranges::sort(rows, {}, [](const Row* row) { return row->name; });
  return rows;
}

}  // namespace

std::span<const Page> pages() {
  static const std::array all{
      connection_page(), proxy_page(),      mtu_page(),     device_page(),   routing_page(),
      tls_page(),        tokens_page(),     channel_page(), timers_page(),   server_page(),
      client_page(),     per_client_page(), logging_page(), process_page(),  scripts_page(),
      management_page(), fast_page(),       tools_page(),   obsolete_page(),
  };
  return all;
}

std::span<const Row* const> all_rows() {
  static const std::vector<const Row*> rows = sorted_rows();
  return rows;
}

const Row* find_row(std::string_view name) {
  const auto rows = all_rows();
  const auto found =
      std::ranges::lower_bound(rows, name, {}, [](const Row* row) { return row->name; });
  return found != rows.end() && (*found)->name == name ? *found : nullptr;
}

std::vector<std::string> nearest_names(std::string_view name, Where place) {
  constexpr std::size_t longest_name = 64;
  if (name.size() > longest_name) return {};
  const std::size_t limit = name.size() < 4 ? 1 : std::max<std::size_t>(2, name.size() / 3);
  std::vector<std::tuple<std::size_t, bool, std::string>> near;  // distance, other first letter
  for (const Row* row : all_rows()) {
    const auto [shorter, longer] = std::minmax({name.size(), row->name.size()});
    if (!row->allowed(place) || longer - shorter > limit) continue;
    const std::size_t distance = edit_distance(name, row->name);
    if (distance <= limit) near.emplace_back(distance, !name.starts_with(row->name[0]), row->name);
  }
  std::ranges::sort(near);
  std::vector<std::string> names;
  for (const auto& [distance, other_letter, candidate] : near) {
    const bool likely = distance <= std::get<0>(near.front()) + 1;
    if (likely && names.size() < 2) names.push_back(candidate);
  }
  return names;
}

std::string usage(const Row& row) {
  std::string text = "--" + std::string(row.name);
  if (!row.args.grammar.empty()) text.append(" ").append(row.args.grammar);
  return text;
}

std::vector<std::string> choices_of(const Row& row) {
  std::string_view grammar = row.args.grammar;
  if (grammar.starts_with('[') && grammar.ends_with(']')) {
    grammar = grammar.substr(1, grammar.size() - 2);
  }
  std::vector<std::string> words;
  for (const std::string_view word : split(grammar, '|')) {
    const bool plain = std::ranges::all_of(word, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (word.empty() || !plain) return {};
    words.emplace_back(word);
  }
  constexpr std::size_t least = 2;  // a single word is the name of a parameter
  return words.size() < least ? std::vector<std::string>{} : words;
}

std::string help_text() {
  std::string text;
  for (const Page& page : pages()) {
    std::string lines;
    for (const Row& row : page.rows) {
      if (row.state != State::implemented) continue;
      lines.append(usage(row)).append(" : ").append(row.help).append("\n");
    }
    if (!lines.empty()) text.append("\n").append(page.title).append(":\n").append(lines);
  }
  return text;
}

Change effect_of(const Row& row) {
  return row.state == State::accepted ? Change::nothing : row.change;
}

const char* name(State state) {
  switch (state) {
    case State::implemented:
      return "implemented";
    case State::accepted:
      return "accepted";
    case State::refused:
      break;
  }
  return "refused";
}

const char* name(Change change) {
  switch (change) {
    case Change::nothing:
      return "nothing";
    case Change::now:
      return "now";
    case Change::handshakes:
      return "new handshakes";
    case Change::new_sessions:
      return "new sessions";
    case Change::restart:
      break;
  }
  return "restart";
}

const char* name(Class kind) {
  switch (kind) {
    case Class::other:
      return "other";
    case Class::route:
      return "route";
    case Class::dns:
      break;
  }
  return "dns";
}

}  // namespace adit::options
