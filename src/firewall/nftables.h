#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace adit::firewall {

// The kernel's nf_tables through libnftables. Everything here blocks and needs CAP_NET_ADMIN.
//
// Runs one transaction: all of it, or nothing. An error tells the line that was refused, and where
// the kernel has no nf_tables or does not allow them, what can be done about it.
[[nodiscard]] Status apply_ruleset(const std::string& transaction);

enum class Form { json, text_with_handles };
[[nodiscard]] Result<std::string> list_ruleset(Form form);

// All of table "inet adit", without counters; empty when there is none.
[[nodiscard]] Result<std::string> list_own_table();

}  // namespace adit::firewall
