#pragma once

// What lint found, and how it is shown.

#include <string>
#include <vector>

#include "options/issue.h"

namespace adit::lint {

// What was found in one configuration. A note is worth knowing and no more: it changes no verdict.
struct Report {
  std::string file;
  options::Issues findings;

  [[nodiscard]] bool starts() const { return !options::has_errors(findings); }
};

// Two configurations side by side: an error keeps them from talking to each other.
struct Talk {
  std::string server, client;
  options::Issues findings;

  [[nodiscard]] bool possible() const { return !options::has_errors(findings); }
};

struct Verdict {
  std::vector<Report> reports;
  std::vector<Talk> talks;  // none, or one

  // 0: nothing but notes; 1: warnings, or the two cannot talk; 2: one of them would not start.
  [[nodiscard]] int status() const;
};

// For a person: width in columns, 0 for as long as lines are. Printable.
[[nodiscard]] std::string render_text(const Verdict& verdict, std::size_t width);
[[nodiscard]] std::string render_json(const Verdict& verdict);

// "error", "warning", "note".
[[nodiscard]] const char* word_of(options::Issue::Severity severity);

// By file as they were met, then by line; the gravest first where that is the same.
void put_in_order(options::Issues& findings, const std::string& file);

}  // namespace adit::lint
