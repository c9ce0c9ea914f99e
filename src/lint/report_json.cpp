#include <nlohmann/json.hpp>

#include "base/text.h"
#include "lint/report.h"

namespace adit::lint {

namespace {

using nlohmann::ordered_json;
using options::Issue;

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(printable(text));
}

ordered_json json_of(const options::Issues& findings) {
  ordered_json list = ordered_json::array();
  for (const Issue& issue : findings) {
    list.push_back({{"file", text_or_null(issue.at.file)},
                    {"line", issue.at.line > 0 ? ordered_json(issue.at.line) : ordered_json()},
                    {"severity", word_of(issue.severity)},
                    {"text", text_or_null(issue.line)},
                    {"reason", printable(issue.message)},
                    {"mend", text_or_null(issue.advice)}});
  }
  return list;
}

}  // namespace

std::string render_json(const Verdict& verdict) {
  ordered_json files = ordered_json::array();
  for (const Report& report : verdict.reports) {
    files.push_back({{"file", printable(report.file)},
                     {"starts", report.starts()},
                     {"findings", json_of(report.findings)}});
  }
  ordered_json all{{"status", verdict.status()}, {"files", std::move(files)}};
  for (const Talk& talk : verdict.talks) {
    all["talk"] = {{"server", printable(talk.server)},
                   {"client", printable(talk.client)},
                   {"possible", talk.possible()},
                   {"findings", json_of(talk.findings)}};
  }
  return all.dump(2) + "\n";
}

}  // namespace adit::lint
