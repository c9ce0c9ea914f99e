#include "base/json.h"
#include "base/text.h"
#include "lint/report.h"

namespace adit::lint {

namespace {

using options::Issue;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(printable(text));
}

Json json_of(const options::Issues& findings) {
  Json list = Json::array();
  for (const Issue& issue : findings) {
    list.push_back({{"file", text_or_null(issue.at.file)},
                    {"line", issue.at.line > 0 ? Json(issue.at.line) : Json()},
                    {"severity", word_of(issue.severity)},
                    {"text", text_or_null(issue.line)},
                    {"reason", printable(issue.message)},
                    {"mend", text_or_null(issue.advice)}});
  }
  return list;
}

}  // namespace

std::string render_json(const Verdict& verdict) {
  Json files = Json::array();
  for (const Report& report : verdict.reports) {
    files.push_back({{"file", printable(report.file)},
                     {"starts", report.starts()},
                     {"findings", json_of(report.findings)}});
  }
  Json all{{"status", verdict.status()}, {"files", std::move(files)}};
  for (const Talk& talk : verdict.talks) {
    all["talk"] = {{"server", printable(talk.server)},
                   {"client", printable(talk.client)},
                   {"possible", talk.possible()},
                   {"findings", json_of(talk.findings)}};
  }
  return all.dump(2) + "\n";
}

}  // namespace adit::lint
