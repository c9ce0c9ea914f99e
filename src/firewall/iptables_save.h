#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firewall/rules.h"

namespace adit::firewall {

// The words of a line of iptables-save; quotes hold one together.
[[nodiscard]] std::vector<std::string> saved_words(std::string_view line);

// Reads what iptables-save prints, of either kind and family. tool: whose command changes it, as
// "iptables-legacy"; family: "ip" or "ip6". The tables that only translate are left out.
[[nodiscard]] Ruleset read_iptables_save(const std::string& saved, const std::string& tool,
                                         const std::string& family);

}  // namespace adit::firewall
