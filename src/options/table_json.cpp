#include "base/json.h"
#include "options/table.h"

namespace adit::options {

namespace {

Json places(const Row& row) {
  constexpr std::pair<Where, const char*> names[] = {
      {where::file, "file"},       {where::line, "command line"},     {where::pushed, "pushed"},
      {where::profile, "profile"}, {where::connection, "connection"}, {where::inside, "inline"},
  };
  Json list = Json::array();
  for (const auto& [place, name] : names) {
    if (row.allowed(place)) list.push_back(name);
  }
  return list;
}

Json described(const Row& row, std::string_view subject) {
  Json option;
  option["name"] = row.name;
  option["arguments"] = row.args.grammar;
  option["min"] = row.args.min;
  option["max"] = row.args.max == many ? Json(nullptr) : Json(row.args.max);
  option["subject"] = subject;
  option["where"] = places(row);
  option["class"] = name(row.kind);
  option["state"] = name(row.state);
  option["note"] = row.note;
  if (row.ours) option["ours"] = true;
  option["change"] = name(effect_of(row));
  option["help"] = row.help;
  return option;
}

}  // namespace

std::string options_json() {
  Json options = Json::array();
  for (const Page& page : pages()) {
    for (const Row& row : page.rows) options.push_back(described(row, page.title));
  }
  return Json{{"options", std::move(options)}}.dump(2) + "\n";
}

}  // namespace adit::options
