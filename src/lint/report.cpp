#include "lint/report.h"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::lint {

namespace {

using options::Issue;
using options::Issues;
using Severity = Issue::Severity;

constexpr std::size_t indent = 4;

std::size_t count(const Issues& issues, Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(issues, severity, &Issue::severity));
}

std::string counted(std::size_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string counts(const Issues& issues) {
  std::vector<std::string> parts;
  for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
    const auto number = count(issues, severity);
    if (number > 0) parts.push_back(counted(number, word_of(severity)));
  }
  return parts.empty() ? "nothing found" : join(parts, ", ");
}

// Words on lines of at most width columns, the second and later ones after the indent.
std::string paragraph(std::string_view first, std::string_view text, std::size_t width) {
  std::string out = std::string(indent, ' ') + std::string(first);
  std::size_t column = out.size();
  bool begins = true;
  for (const std::string_view one : split(text, ' ')) {
    if (!begins && width > 0 && column + 1 + one.size() > width) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!begins) {
      out += ' ';
      ++column;
    }
    begins = false;
    out += one;
    column += one.size();
  }
  return out + '\n';
}

std::string text_of_issue(const Issue& issue, const std::string& file, std::size_t width) {
  const bool placed = !issue.at.file.empty() && issue.at.line > 0;
  const std::string place = placed ? issue.at.text() : file;
  std::string out = fmt::format("{}: {}", place, word_of(issue.severity));
  if (!issue.line.empty()) out += "  " + issue.line;
  out = printable(out) + '\n' + paragraph("", printable(issue.message), width);
  if (!issue.advice.empty()) out += paragraph("do: ", printable(issue.advice), width);
  return out;
}

std::string headline(const Report& report) {
  return fmt::format("{}: {}; {}\n", printable(report.file), counts(report.findings),
                     report.starts() ? "it would start" : "it would not start");
}

std::string headline(const Talk& talk) {
  const auto obstacles = count(talk.findings, Severity::error);
  const std::string both = printable(talk.server) + " and " + printable(talk.client);
  if (obstacles == 0) return both + " can talk to each other\n";
  return fmt::format("{} cannot talk to each other, for {}\n", both, counted(obstacles, "reason"));
}

std::string all_of(const Issues& findings, const std::string& file, std::size_t width) {
  std::string out;
  for (const Issue& issue : findings) out += text_of_issue(issue, file, width);
  return out;
}

}  // namespace

int Verdict::status() const {
  const auto starts = [](const Report& report) { return report.starts(); };
  if (!std::ranges::all_of(reports, starts)) return 2;
  const auto warned = [](const auto& one) {
    return count(one.findings, Severity::warning) + count(one.findings, Severity::error) > 0;
  };
  return std::ranges::any_of(reports, warned) || std::ranges::any_of(talks, warned) ? 1 : 0;
}

const char* word_of(Severity severity) {
  if (severity == Severity::error) return "error";
  return severity == Severity::warning ? "warning" : "note";
}

std::string render_text(const Verdict& verdict, std::size_t width) {
  std::string out;
  for (const Report& report : verdict.reports) {
    if (!out.empty()) out += '\n';
    out += all_of(report.findings, report.file, width) + headline(report);
  }
  for (const Talk& talk : verdict.talks) {
    out += '\n' + all_of(talk.findings, talk.client, width) + headline(talk);
  }
  return out;
}

void put_in_order(Issues& findings, const std::string& file) {
  std::vector<std::string> files{file, {}};
  const auto rank = [&](const Issue& issue) {
    const auto found = std::ranges::find(files, issue.at.file);
    return found - files.begin();
  };
  for (const Issue& issue : findings) {
    if (std::ranges::find(files, issue.at.file) == files.end()) files.push_back(issue.at.file);
  }
  std::ranges::stable_sort(findings, [&](const Issue& a, const Issue& b) {
    return std::tuple(rank(a), a.at.line, b.severity) < std::tuple(rank(b), b.at.line, a.severity);
  });
}

}  // namespace adit::lint
