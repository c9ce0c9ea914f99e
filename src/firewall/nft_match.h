#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "firewall/rules.h"

namespace adit::firewall {

// Named sets and maps of one table: their elements.
using NamedSets = std::map<std::string, const Json*, std::less<>>;

// One match of nft's JSON: {"op", "left", "right"}.
[[nodiscard]] Condition read_match(const Json& match, const NamedSets& sets);
// Left: what is looked at. Right: with what it is compared.
[[nodiscard]] Subject read_subject(const Json& left);
[[nodiscard]] std::vector<std::string> read_values(const Json& right, const NamedSets& sets);

}  // namespace adit::firewall
