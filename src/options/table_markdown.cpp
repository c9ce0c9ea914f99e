#include <fmt/core.h>

#include "base/text.h"
#include "options/table.h"

namespace adit::options {

namespace {

constexpr const char* page_opening = R"(# Options

Every option that any OpenVPN from 2.1 to 2.7 has known, and what adit makes of it. This page is
made of the option table by `adit generate options`; `adit options --json` has the same for
programs. In a file the words stand as they do here, one option a line; on the command line two
dashes come first.

**Where** an option may stand: *file* and *line* (the command line) go together; *conn* is a
`<connection>` block; *ccd* the file of one client, or what `client-connect` writes; *push* what a
server sends; *block* means that the content may stand in the file as `<name>` ... `</name>`.
**Change** says what becomes of a new value when a running server reads its configuration again
(`adit reload`): *now*, *new handshakes*, *new sessions*, or only at a *restart*.

)";

// In a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '|' || letter == '<' || letter == '>' || letter == '*' || letter == '_')
      out += '\\';
    out += letter;
  }
  return out;
}

// Inside backquotes only the bar means something.
std::string literal(std::string_view text) {
  std::string out = "`";
  for (const char letter : text) out += letter == '|' ? "\\|" : std::string(1, letter);
  return out + "`";
}

std::string cell_of_places(const Row& row) {
  constexpr std::pair<Where, const char*> names[] = {
      {where::file, "file"},   {where::line, "line"},   {where::connection, "conn"},
      {where::profile, "ccd"}, {where::pushed, "push"}, {where::inside, "block"},
  };
  std::vector<std::string> all;
  for (const auto& [place, name] : names) {
    if (row.allowed(place)) all.emplace_back(name);
  }
  if (all.size() > 1 && all[0] == "file" && all[1] == "line") all.erase(all.begin() + 1);
  return join(all, ", ");
}

std::string meaning(const Row& row) {
  std::string text = cell(row.help);
  if (row.newer) text += " Since 2.7.";
  if (row.ours) text += " Only adit knows it.";
  switch (row.state) {
    case State::implemented:
      return row.note.empty() ? text : text + " Warned of: " + cell(row.note) + ".";
    case State::accepted:
      return text + " *Accepted, without effect:* " + cell(row.note) + ".";
    case State::refused:
      break;
  }
  return text + " **Refused:** " + cell(row.note) + ".";
}

std::string form(const Row& row) {
  std::string text(row.name);
  if (!row.args.grammar.empty()) text.append(" ").append(row.args.grammar);
  return literal(text);
}

std::string count_of(State state, const char* what) {
  std::size_t count = 0;
  for (const Row* row : all_rows()) count += row->state == state ? 1 : 0;
  return fmt::format("{} {}", count, what);
}

}  // namespace

std::string options_page() {
  std::string text = page_opening;
  text += fmt::format("Of {} options {}, {}, {}.\n", all_rows().size(),
                      count_of(State::implemented, "do what they say"),
                      count_of(State::accepted, "are accepted without effect, with a warning"),
                      count_of(State::refused, "are refused with a reason"));
  for (const Page& page : pages()) {
    text += fmt::format(
        "\n## {}\n\n| option | what it does | where | change |\n|---|---|---|---|\n", page.title);
    for (const Row& row : page.rows) {
      const bool acts = row.state == State::implemented && effect_of(row) != Change::nothing;
      text += fmt::format("| {} | {} | {} | {} |\n", form(row), meaning(row), cell_of_places(row),
                          acts ? name(effect_of(row)) : "");
    }
  }
  return text;
}

}  // namespace adit::options
