#pragma once

#include <string>
#include <vector>

namespace adit::app {

// Our own commands: "pki init", "options", "explain", "status", "bench". False when the first word
// is none of them.
bool is_own_command(const std::string& word);
int run_own_command(const std::vector<std::string>& arguments);

}  // namespace adit::app
