#include "app/command_tree.h"

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace adit::app {

namespace {

// CLI11 calls a type "TEXT:{udp,tcp}" where only some words are good.
std::vector<std::string> choices_in(const std::string& type) {
  const auto begin = type.find('{'), end = type.find('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  for (std::string_view word : split(type.substr(begin + 1, end - begin - 1), ',')) {
    choices.emplace_back(trim(word));
  }
  return choices;
}

std::string argument_of(const CLI::Option& option, const std::vector<std::string>& choices) {
  if (option.get_items_expected_max() == 0) return {};
  if (!choices.empty()) return join(choices, "|");
  const std::string type = option.get_type_name();
  const std::string first(type.substr(0, type.find(':')));
  const bool number = first.starts_with("UINT") || first.starts_with("INT") ||
                      first.starts_with("FLOAT") || first.find(" in [") != std::string::npos;
  if (number) return "N";
  return first.empty() ? "TEXT" : first;
}

CommandNode::Option describe(const CLI::Option& option) {
  CommandNode::Option described;
  if (option.get_positional()) {
    described.names.push_back(option.get_name(true));
  } else {
    for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  }
  described.choices = choices_in(option.get_type_name());
  described.argument = argument_of(option, described.choices);
  described.what = option.get_description();
  described.preset = option.get_default_str();
  described.required = option.get_required();
  described.optional_argument = option.get_items_expected_min() == 0;
  return described;
}

}  // namespace

CommandNode command_tree(const CLI::App& root) {
  CommandNode node{root.get_name(), root.get_description(), {}, {}, {}, root.get_footer()};
  for (const CLI::Option* option : root.get_options()) {
    if (option->get_group().empty()) continue;
    (option->get_positional() ? node.positionals : node.options).push_back(describe(*option));
  }
  const auto shown = [](const CLI::App* app) { return !app->get_group().empty(); };
  for (const CLI::App* command : root.get_subcommands(shown)) {
    node.commands.push_back(command_tree(*command));
  }
  return node;
}

}  // namespace adit::app
