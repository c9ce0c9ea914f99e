// A log full of strangers' words: what is shown of it is printable, and JSON stays JSON.
//
//   width | log

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "explain/explain.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::size_t width = input.u8();
  const explain::Report report = explain::explain(as_text(input.rest()));
  std::size_t told = report.unknown_count;
  for (const explain::Finding& finding : report.findings) {
    ADIT_ASSERT(finding.first >= 1 && finding.first <= finding.last && finding.count >= 1);
    told += finding.count;
  }
  ADIT_ASSERT(told <= report.lines);
  const std::string text = explain::render_text(report, width);
  std::string one_line = text;  // names may bear letters beyond ASCII, but nothing that steers
  std::ranges::replace(one_line, '\n', ' ');
  ADIT_ASSERT(printable(one_line) == one_line);
  static_cast<void>(Json::parse(explain::render_json(report)));
}

}  // namespace adit::fuzz
