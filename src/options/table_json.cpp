#include <nlohmann/json.hpp>

#include "options/table.h"

namespace adit::options {

namespace {

using nlohmann::ordered_json;

ordered_json places(const Row& row) {
  constexpr std::pair<Where, const char*> names[] = {
      {where::file, "file"},       {where::line, "command line"},     {where::pushed, "pushed"},
      {where::profile, "profile"}, {where::connection, "connection"}, {where::inside, "inline"},
  };
  ordered_json list = ordered_json::array();
  for (const auto& [place, name] : names) {
    if (row.allowed(place)) list.push_back(name);
  }
  return list;
}

ordered_json described(const Row& row, std::string_view subject) {
  ordered_json option;
  option["name"] = row.name;
  option["arguments"] = row.args.grammar;
  option["min"] = row.args.min;
  option["max"] = row.args.max == many ? ordered_json(nullptr) : ordered_json(row.args.max);
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
  ordered_json options = ordered_json::array();
  for (const Page& page : pages()) {
    for (const Row& row : page.rows) options.push_back(described(row, page.title));
  }
  return ordered_json{{"options", std::move(options)}}.dump(2) + "\n";
}

}  // namespace adit::options
