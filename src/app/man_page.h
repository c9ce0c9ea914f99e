#pragma once

#include <string>
#include <vector>

#include "app/command_tree.h"

namespace adit::app {

struct ManPage {
  std::string file;  // "adit-pki.8"
  std::string text;
};

// adit(8), and one page for each family of commands.
[[nodiscard]] std::vector<ManPage> man_pages(const CommandNode& root);

}  // namespace adit::app
