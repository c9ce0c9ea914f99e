#include "lint/lint.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "lint/checks.h"
#include "lint/pieces.h"
#include "node/identity_setup.h"

namespace adit::lint {

namespace {

using options::Issue;
using options::Issues;

// What the file says is kept on purpose.
struct Accepted {
  std::set<int> lines;
  std::set<std::string, std::less<>> messages;
};

Accepted accepted_in(std::string_view text) {
  Accepted accepted;
  for (const Piece& piece : pieces_of(text)) {
    if (!piece.is_kept) continue;
    for (int line = piece.line; line <= piece.last_line(); ++line) accepted.lines.insert(line);
    if (piece.text().starts_with(accepted_mark)) {
      accepted.messages.insert(std::string(trim(piece.text().substr(accepted_mark.size()))));
    }
  }
  return accepted;
}

void put_up_with(Issues& issues, const Accepted& accepted, const std::string& source) {
  for (Issue& issue : issues) {
    if (issue.severity != Issue::Severity::warning) continue;
    const bool by_line = issue.at.file == source && accepted.lines.contains(issue.at.line);
    const bool by_message = accepted.messages.contains(accepted_form(issue.message));
    if (!by_line && !by_message) continue;
    issue.severity = Issue::Severity::note;
    issue.message += " (kept for old peers)";
    issue.advice.clear();
  }
}

// What is wrong with every remote, or every line of a kind, is said once.
void drop_repeats(Issues& issues) {
  std::set<std::string> seen;
  std::erase_if(issues, [&](const Issue& issue) { return !seen.insert(issue.text()).second; });
}

// What an issue is about, as the user wrote it.
void add_lines(Issues& issues, const options::Config& config) {
  for (Issue& issue : issues) {
    if (!issue.line.empty() || issue.at.line == 0) continue;
    const auto said = std::ranges::find(config.said, issue.at, &options::Said::at);
    if (said != config.said.end()) issue.line = said->line;
  }
}

void check_text(const options::Config& config, Issues& issues) {
  const options::Findings found(config, issues);
  check_sizes(config, found);
  check_routes(config, issues);
  check_practice(config, found);
}

Linted judged(options::Parsed parsed, Issues own, std::string_view text,
              const std::string& source) {
  add_lines(own, parsed.config);
  Linted linted{std::move(parsed), {source, {}}};
  Issues& all = linted.report.findings;
  all = linted.parsed.issues;
  all.insert(all.end(), own.begin(), own.end());
  put_up_with(all, accepted_in(text), source);
  drop_repeats(all);
  put_in_order(all, source);
  return linted;
}

bool is_tunnel(const options::Parsed& parsed) {
  return parsed.ok() && parsed.config.tool.kind == options::Tool::Kind::none;
}

}  // namespace

Linted lint_text(std::string_view text, const std::string& source, options::Files* files) {
  options::Parsed parsed = options::parse_text(text, source, files);
  options::complete(parsed);
  Issues own;
  if (is_tunnel(parsed)) check_text(parsed.config, own);
  return judged(std::move(parsed), std::move(own), text, source);
}

Linted lint_file(std::string_view text, const std::string& source, options::Files& files,
                 const Surroundings& around,
                 const std::function<Issues(const options::Config&)>& missing) {
  options::Parsed parsed = options::parse_text(text, source, &files);
  options::complete(parsed);
  Issues own;
  if (is_tunnel(parsed)) {
    check_text(parsed.config, own);
    const Issues absent = missing(parsed.config);
    own.insert(own.end(), absent.begin(), absent.end());
    check_clients(parsed.config, around, own);
    check_secrecy(parsed.config, around, own);
    check_certificates(parsed.config, around, options::Findings(parsed.config, own));
    if (absent.empty()) try_start(parsed.config, around, own);
    node::keep_key_files(parsed.config, around.store);  // for compare()
  }
  return judged(std::move(parsed), std::move(own), text, source);
}

}  // namespace adit::lint
