#include "doctor/report.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "base/json.h"
#include "base/text.h"

namespace adit::doctor {

namespace {

constexpr std::size_t state_columns = 12;
constexpr std::size_t least_text_columns = 30;

const char* word(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::failed:
      return "FAILED";
    case State::not_tested:
      break;
  }
  return "not tested";
}

const char* colour_of(State state) {
  constexpr const char *green = "\033[32m", *red = "\033[1;31m", *yellow = "\033[33m";
  if (state == State::ok) return green;
  return state == State::failed ? red : yellow;
}

// The text in lines of so many columns, the second and later ones after this many blanks.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string out;
  std::size_t used = 0;
  for (const std::string_view one : split(text, ' ')) {
    if (used > 0 && columns > 0 && used + 1 + one.size() > columns) {
      out += "\n" + std::string(indent, ' ');
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += one;
    used += one.size();
  }
  return out;
}

std::string count_line(const Report& report) {
  const auto count = [&](State state) {
    return std::ranges::count(report.stages, state, &Stage::state);
  };
  std::string line = fmt::format("{} ok", count(State::ok));
  if (const auto failed = count(State::failed)) line += fmt::format(", {} FAILED", failed);
  if (const auto skipped = count(State::not_tested)) {
    line += fmt::format(", {} not tested", skipped);
  }
  return line;
}

}  // namespace

void Report::ok(std::string id, std::string name, std::string evidence, std::string cure) {
  stages.push_back(
      {std::move(id), std::move(name), State::ok, std::move(evidence), std::move(cure)});
}

void Report::failed(std::string id, std::string name, std::string evidence, std::string cure) {
  stages.push_back(
      {std::move(id), std::move(name), State::failed, std::move(evidence), std::move(cure)});
}

void Report::not_tested(std::string id, std::string name, std::string why, std::string cure) {
  stages.push_back(
      {std::move(id), std::move(name), State::not_tested, std::move(why), std::move(cure)});
}

bool Report::has_failed() const {
  return std::ranges::find(stages, State::failed, &Stage::state) != stages.end();
}

const Stage* Report::find(std::string_view id) const {
  const auto found = std::ranges::find(stages, id, &Stage::id);
  return found == stages.end() ? nullptr : &*found;
}

std::string render_table(const Report& report, std::size_t width, bool colour) {
  std::size_t name_columns = 0;
  for (const Stage& stage : report.stages) {
    name_columns = std::max(name_columns, stage.name.size());
  }
  const std::size_t indent = 2 + state_columns + name_columns + 2;
  const std::size_t columns =
      width == 0 ? 0 : std::max(width, indent + least_text_columns) - indent;
  std::string out = report.subject + "\n\n";
  for (const Stage& stage : report.stages) {
    const std::string state = fmt::format("{:<{}}", word(stage.state), state_columns);
    out += "  " + (colour ? colour_of(stage.state) + state + "\033[0m" : state);
    out += fmt::format("{:<{}}  ", stage.name, name_columns);
    out += wrapped(stage.evidence, columns, indent) + "\n";
    if (stage.cure.empty()) continue;
    const std::size_t text_columns = columns == 0 ? 0 : columns - 3;
    out += std::string(indent, ' ') + "-> " + wrapped(stage.cure, text_columns, indent + 3) + "\n";
  }
  out += "\n" + count_line(report) + "\n";
  for (const std::string& note : report.notes) out += wrapped(note, width, 0) + "\n";
  return out;
}

std::string render_json(const Report& report) {
  Json stages = Json::array();
  for (const Stage& stage : report.stages) {
    Json one{{"id", stage.id},
             {"name", stage.name},
             {"state", stage.state == State::failed ? "failed" : word(stage.state)},
             {"evidence", stage.evidence}};
    if (!stage.cure.empty()) one["cure"] = stage.cure;
    stages.push_back(std::move(one));
  }
  Json whole{{"subject", report.subject},
             {"failed", report.has_failed()},
             {"stages", std::move(stages)},
             {"notes", report.notes}};
  return whole.dump(2) + "\n";
}

}  // namespace adit::doctor
