#include "app/commands.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string_view>

#include <CLI/CLI.hpp>

#include "app/bench_command.h"
#include "app/client_command.h"
#include "app/doctor_command.h"
#include "app/explain_command.h"
#include "app/firewall_command.h"
#include "app/generate_command.h"
#include "app/join_command.h"
#include "app/lint_command.h"
#include "app/migrate_command.h"
#include "app/options_command.h"
#include "app/pki_command.h"
#include "app/reload_command.h"
#include "app/site_command.h"
#include "app/status_command.h"
#include "app/up_command.h"

namespace adit::app {

namespace {

constexpr int exit_bad_use = 2;
// Their exit status says more than whether it went well: 1 is an answer.
constexpr const char* with_own_codes[] = {"bench", "doctor", "lint", "migrate", "reload"};

template <auto add>
std::shared_ptr<void> arguments_of(CLI::App& root, int& status) {
  return add(root, status);
}

// Commands that stand in one file, below the heading that they are shown under.
struct Family {
  std::string_view heading;
  std::vector<std::string> words;
  std::shared_ptr<void> (*add)(CLI::App& root, int& status);
};

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"set up", {"up", "down"}, arguments_of<add_up>},
      {"set up", {"client"}, arguments_of<add_client>},
      {"set up", {"site"}, arguments_of<add_site>},
      {"set up", {"join", "leave"}, arguments_of<add_join>},
      {"set up", {"reload"}, arguments_of<add_reload>},
      {"look", {"status"}, arguments_of<add_status>},
      {"look", {"doctor"}, arguments_of<add_doctor>},
      {"look", {"explain"}, arguments_of<add_explain>},
      {"look", {"lint"}, arguments_of<add_lint>},
      {"look", {"migrate"}, arguments_of<add_migrate>},
      {"by hand", {"pki"}, arguments_of<add_pki>},
      {"by hand", {"firewall"}, arguments_of<add_firewall>},
      {"by hand", {"options"}, arguments_of<add_options>},
      {"by hand", {"bench"}, arguments_of<add_bench>},
      {"", {"generate"}, arguments_of<add_generate>},
  };
  return all;
}

// Given to one parsing; what the commands were told lives as long as this.
struct Commands {
  CLI::App root{
      "an OpenVPN-compatible VPN: server, client, and what sets them up. Beside its own commands "
      "it "
      "takes the whole command line of openvpn: adit FILE, adit --config FILE",
      "adit"};
  int status = 0;
  std::vector<std::shared_ptr<void>> told;

  Commands() {
    root.require_subcommand(1);
    for (const Family& family : families()) told.push_back(family.add(root, status));
  }
};

bool wants_overview(const std::string& word) {
  return word.empty() || word == "help" || word == "--help" || word == "-h";
}

void show_overview() {
  Commands commands;
  std::printf("adit: %s\n", commands.root.get_description().c_str());
  std::string_view heading;
  for (const Family& family : families()) {
    if (family.heading.empty()) continue;
    if (family.heading != heading) std::printf("\n%s\n", std::string(family.heading).c_str());
    heading = family.heading;
    for (const std::string& word : family.words) {
      const CLI::App* command = commands.root.get_subcommand(word);
      std::printf("  adit %-10s %s\n", word.c_str(), command->get_description().c_str());
    }
  }
  std::puts(
      "\nadit COMMAND --help tells more. A server in one command: adit up. A client: adit join "
      "FILE.ovpn");
}

}  // namespace

bool is_own_command(const std::string& word) {
  return wants_overview(word) || std::ranges::any_of(families(), [&](const Family& family) {
           return std::ranges::find(family.words, word) != family.words.end();
         });
}

int run_own_command(const std::vector<std::string>& arguments) {
  if (arguments.empty() || wants_overview(arguments.front())) {
    show_overview();
    return 0;
  }
  Commands commands;
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    commands.root.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    const int code = commands.root.exit(error);
    const bool own_codes = std::ranges::any_of(
        with_own_codes, [&](const char* word) { return commands.root.got_subcommand(word); });
    return code != 0 && own_codes ? exit_bad_use : code;
  }
  return commands.status;
}

}  // namespace adit::app
