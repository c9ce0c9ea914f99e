#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace adit::app {

// The commands as they stand on the command line: what pages and completions are made of.
struct CommandNode {
  struct Option {
    std::vector<std::string> names;    // "-o", "--output"; of a positional one its name alone
    std::string argument;              // "N", "TEXT", "udp|tcp"; empty: a flag
    std::vector<std::string> choices;  // if only these are good
    std::string what, preset;
    bool required = false;
    bool optional_argument = false;
  };
  std::string name;  // "pki"
  std::string what;
  std::vector<Option> options, positionals;
  std::vector<CommandNode> commands;
  std::string footer = {};  // what the exit status says, where it says more than usual
};

// Without what is hidden.
[[nodiscard]] CommandNode command_tree(const CLI::App& root);

}  // namespace adit::app
