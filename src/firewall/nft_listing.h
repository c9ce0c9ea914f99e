#pragma once

#include <string>

#include "base/result.h"
#include "firewall/rules.h"

namespace adit::firewall {

// Reads what "nft -j list ruleset" prints; table "inet adit" is left out. rule_texts is what
// "nft -a list ruleset" prints, from which the rules' own words are taken; without it they are
// named by their handle.
[[nodiscard]] Result<Ruleset> read_nft(const std::string& json, const std::string& rule_texts);

}  // namespace adit::firewall
