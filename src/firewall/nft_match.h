#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "firewall/rules.h"

namespace adit::firewall {

// Named sets and maps of one table: their elements.
using NamedSets = std::map<std::string, const nlohmann::json*, std::less<>>;

// One match of nft's JSON: {"op", "left", "right"}.
[[nodiscard]] Condition read_match(const nlohmann::json& match, const NamedSets& sets);
// Left: what is looked at. Right: with what it is compared.
[[nodiscard]] Subject read_subject(const nlohmann::json& left);
[[nodiscard]] std::vector<std::string> read_values(const nlohmann::json& right,
                                                   const NamedSets& sets);

}  // namespace adit::firewall
