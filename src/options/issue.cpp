#include "options/issue.h"

#include <algorithm>

#include "base/stock_lines.h"
#include "base/text.h"

namespace adit::options {

namespace {

constexpr std::size_t longest_shown = 120;

std::string_view opening(Issue::Severity severity) {
  switch (severity) {
    case Issue::Severity::note:
      return "Note: ";
    case Issue::Severity::warning:
      return "WARNING: ";
    case Issue::Severity::error:
      break;
  }
  return stock_lines::options_error;
}

}  // namespace

std::string Issue::text() const {
  std::string text(opening(severity));
  if (!at.file.empty()) text += "In " + at.text() + ": ";
  text += message;
  if (!line.empty()) text += ": \"" + line + "\"";
  if (!advice.empty()) text += " - " + advice;
  return printable(text);  // messages quote what the user wrote
}

bool has_errors(const Issues& issues) {
  return std::ranges::any_of(
      issues, [](const Issue& issue) { return issue.severity == Issue::Severity::error; });
}

std::string shown(std::string_view line) {
  line = trim(line);
  if (line.size() <= longest_shown) return printable(line);
  return printable(line.substr(0, longest_shown)) + "...";
}

}  // namespace adit::options
