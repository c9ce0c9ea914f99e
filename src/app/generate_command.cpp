#include "app/generate_command.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "app/command_tree.h"
#include "app/command_words.h"
#include "app/completion.h"
#include "app/man_page.h"
#include "options/table.h"
#include "setup/unit_file.h"
#include "system/store.h"

namespace adit::app {

class GenerateArguments {
 public:
  std::string shell, folder;
  std::string program = "/usr/sbin/adit";
};

namespace {

constexpr unsigned public_mode = 0644;

int write_public(const std::string& folder, const std::string& name, const std::string& text) {
  const Status written = system::write_file_atomically(folder + "/" + name, text, public_mode);
  return written ? 0 : complain(written.error());
}

int write_pages(const CLI::App& root, const std::string& folder) {
  for (const ManPage& page : man_pages(command_tree(root))) {
    if (const int status = write_public(folder, page.file, page.text); status != 0) return status;
  }
  return 0;
}

int write_units(const GenerateArguments& arguments) {
  using Kind = setup::UnitFile::Kind;
  for (const Kind kind : {Kind::server, Kind::client}) {
    const std::string text = setup::render_unit({.kind = kind, .program = arguments.program});
    const int status = write_public(arguments.folder, setup::unit_name(kind, ""), text);
    if (status != 0) return status;
  }
  return 0;
}

int print_completion(const CLI::App& root, const std::string& shell) {
  const auto script = completion(command_tree(root), shell);
  if (!script) return 2;
  std::fputs(script->c_str(), stdout);
  return 0;
}

}  // namespace

std::shared_ptr<GenerateArguments> add_generate(CLI::App& root, int& status) {
  auto held = std::make_shared<GenerateArguments>();
  GenerateArguments& arguments = *held;
  CLI::App* generate = root.add_subcommand("generate", "what a package of adit has beside it");
  generate->group("")->require_subcommand(1);
  CLI::App* shell = generate->add_subcommand("completion", "a script for a shell");
  shell->add_option("SHELL", arguments.shell, "bash, zsh or fish")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->required();
  shell->callback([&] { status = print_completion(root, arguments.shell); });
  CLI::App* man = generate->add_subcommand("man", "the manual pages");
  man->add_option("DIR", arguments.folder, "where they go")->required();
  man->callback([&] { status = write_pages(root, arguments.folder); });
  CLI::App* options = generate->add_subcommand("options", "docs/options.md");
  options->callback([] { std::fputs(options::options_page().c_str(), stdout); });
  CLI::App* units = generate->add_subcommand("units", "the templates for systemd");
  units->add_option("DIR", arguments.folder, "where they go")->required();
  units->add_option("--program", arguments.program, "where adit is installed");
  units->callback([&] { status = write_units(arguments); });
  return held;
}

}  // namespace adit::app
