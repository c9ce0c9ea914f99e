#pragma once

#include <string>
#include <vector>

namespace adit::app {

// Our own commands: "up", "pki init", "status". False when the first word is none of them. No word
// at all, "help" and "--help" show what commands there are.
bool is_own_command(const std::string& word);
int run_own_command(const std::vector<std::string>& arguments);

}  // namespace adit::app
