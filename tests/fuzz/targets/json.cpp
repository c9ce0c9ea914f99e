// Any text as JSON: what was read and written reads the same. As what a running instance tells,
// too, and as a text within JSON.

#include "base/json.h"

#include <algorithm>
#include <optional>

#include "node/instance_facts.h"
#include "options/reload_report.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

std::optional<Json> read(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

}  // namespace

void try_input(Bytes input) {
  const std::string text(as_text(input));
  static_cast<void>(node::parse_facts(text));
  static_cast<void>(options::parse_report(text));
  const std::string quoted = Json(text).dump_ascii();
  ADIT_ASSERT(std::ranges::all_of(quoted, [](char letter) { return letter >= ' '; }));
  ADIT_ASSERT(Json::parse(quoted) == Json::parse(Json(text).dump()));
  const auto json = read(text);
  if (!json) return;
  const std::string written = json->dump();
  ADIT_ASSERT(Json::parse(written) == *json && Json::parse(written).dump() == written);
  ADIT_ASSERT(Json::parse(json->dump(2)) == *json);
  ADIT_ASSERT(Json::parse(json->dump_ascii()) == *json);
}

}  // namespace adit::fuzz
