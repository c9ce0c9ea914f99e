// Any text as a configuration: lint says something printable of it, and what migrate makes of it
// lints clean and stays as it is when it is migrated once more.

#include "lint/migrate.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "lint/lint.h"
#include "lint/pieces.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

using options::Issue;

void judge_report(const lint::Linted& linted) {
  const lint::Verdict verdict{{linted.report}, {}};
  std::string text = lint::render_text(verdict, 72);
  std::ranges::replace(text, '\n', ' ');
  ADIT_ASSERT(printable(text) == text);
  static_cast<void>(Json::parse(lint::render_json(verdict)));
}

}  // namespace

void try_input(Bytes input) {
  constexpr std::size_t bearable = 4096;  // each round reads all of it
  const std::string_view text = as_text(input).substr(0, bearable);
  const lint::Linted before = lint::lint_text(text, "fuzz");
  judge_report(before);
  static_cast<void>(lint::compare(before, before));
  const lint::Migration once = lint::migrate(text, "fuzz");
  for (const Issue& issue : once.left) ADIT_ASSERT(printable(issue.text()) == issue.text());
  if (!once.done()) return;
  ADIT_ASSERT(lint::text_of(lint::pieces_of(once.text)) == once.text);
  const lint::Linted after = lint::lint_text(once.text, "fuzz");
  ADIT_ASSERT(std::ranges::all_of(after.report.findings, [](const Issue& issue) {
    return issue.severity == Issue::Severity::note;
  }));
  const lint::Migration twice = lint::migrate(once.text, "fuzz");
  ADIT_ASSERT(twice.done() && twice.text == once.text && twice.changes == 0);
}

}  // namespace adit::fuzz
