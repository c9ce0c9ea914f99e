#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "firewall/plan.h"
#include "firewall/tools.h"

namespace adit::firewall {

// Puts the plan's rules in the place of its owner's former ones, in one transaction; others' are
// not touched. Blocks; needs CAP_NET_ADMIN.
[[nodiscard]] Status load(const Plan& plan);
// Removes the owner's rules, and the table when no other owner is left. Without any it is content.
[[nodiscard]] Status unload(std::string_view owner);
// Runs other tools' commands in order. The error names the first that fails, and how.
[[nodiscard]] Status run_all(const std::vector<Command>& commands, Tools& tools);

// Whose chains stand in a listing of our table, sorted.
[[nodiscard]] std::vector<std::string> owners_in(std::string_view listing);
// Whose rules are loaded, sorted.
[[nodiscard]] Result<std::vector<std::string>> owners();

}  // namespace adit::firewall
