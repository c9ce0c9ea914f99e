#include "app/options_command.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "options/table.h"

namespace adit::app {

class OptionsArguments {
 public:
  bool json = false;
};

std::shared_ptr<OptionsArguments> add_options(CLI::App& root, int&) {
  auto held = std::make_shared<OptionsArguments>();
  CLI::App* table =
      root.add_subcommand("options", "every option of openvpn and what adit makes of it");
  table->add_flag("--json", held->json, "the whole table, for programs");
  table->callback([&given = *held] {
    const std::string text = given.json ? options::options_json() + "\n" : options::help_text();
    std::fputs(text.c_str(), stdout);
  });
  return held;
}

}  // namespace adit::app
