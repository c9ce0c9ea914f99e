#include "base/json.h"
#include "options/reload_report.h"
#include "options/table.h"

namespace adit::options {

namespace {

constexpr Change effects[] = {Change::nothing, Change::now, Change::handshakes,
                              Change::new_sessions, Change::restart};

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json json_of(const Changed& changed) {
  return {{"option", changed.option},          {"file", changed.at.file},
          {"line", changed.at.line},           {"now", text_or_null(changed.line)},
          {"was", text_or_null(changed.was)},  {"effect", name(changed.effect)},
          {"note", text_or_null(changed.note)}};
}

std::string text_in(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

Changed changed_of(const Json& value) {
  Changed changed{text_in(value.at("option")),
                  {text_in(value.at("file")), value.at("line").get<int>()},
                  text_in(value.at("now")),
                  text_in(value.at("was"))};
  for (const Change effect : effects) {
    if (text_in(value.at("effect")) == name(effect)) changed.effect = effect;
  }
  changed.note = text_in(value.at("note"));
  return changed;
}

}  // namespace

std::string render_json(const ReloadReport& report) {
  Json changes = Json::array();
  for (const Changed& changed : report.changes) changes.push_back(json_of(changed));
  const Json whole{{"pid", report.pid},
                   {"configuration", report.configuration},
                   {"outcome", name(report.outcome())},
                   {"dry_run", report.dry_run},
                   {"clients", report.clients},
                   {"updatable", report.updatable},
                   {"updated", report.updated},
                   {"changes", std::move(changes)},
                   {"told", report.told},
                   {"failures", report.failures},
                   {"errors", report.errors}};
  return whole.dump();
}

Result<ReloadReport> parse_report(const std::string& json) {
  try {
    const Json value = Json::parse(json);
    ReloadReport report;
    report.pid = value.at("pid").get<int>();
    report.configuration = value.at("configuration").get<std::string>();
    report.dry_run = value.at("dry_run").get<bool>();
    report.clients = value.at("clients").get<std::size_t>();
    report.updatable = value.at("updatable").get<std::size_t>();
    report.updated = value.value("updated", std::size_t{0});  // of a server that is older
    for (const auto& one : value.at("changes")) report.changes.push_back(changed_of(one));
    report.told = value.at("told").get<std::vector<std::string>>();
    report.failures = value.at("failures").get<std::vector<std::string>>();
    report.errors = value.at("errors").get<std::vector<std::string>>();
    return report;
  } catch (const JsonError& broken) {
    return fail("the answer is not what a server says: {}", broken.what());
  }
}

}  // namespace adit::options
