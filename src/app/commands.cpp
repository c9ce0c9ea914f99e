#include "app/commands.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include <CLI/CLI.hpp>

#include "app/bench_command.h"
#include "app/client_command.h"
#include "app/doctor_command.h"
#include "app/explain_command.h"
#include "app/firewall_command.h"
#include "app/generate_command.h"
#include "app/join_command.h"
#include "app/pki_command.h"
#include "app/site_command.h"
#include "app/status_command.h"
#include "app/title.h"
#include "app/up_command.h"
#include "options/table.h"

namespace adit::app {

namespace {

constexpr int exit_bad_use = 2;

}  // namespace

bool is_own_command(const std::string& word) {
  constexpr std::string_view words[] = {"pki",    "options",  "explain", "status", "bench",
                                        "doctor", "generate", "up",      "down",   "firewall",
                                        "client", "site",     "join",    "leave"};
  return std::ranges::find(words, word) != std::end(words);
}

int run_own_command(const std::vector<std::string>& arguments) {
  CLI::App root{
      "adit: an OpenVPN-compatible VPN. Beside these commands it takes every option of "
      "openvpn: adit FILE, adit --config FILE, adit --help.",
      "adit"};
  root.require_subcommand(1);
  int status = 0;
  const auto pki = add_pki(root, status);
  const auto bench = add_bench(root, status);
  const auto firewall = add_firewall(root, status);
  const auto doctor = add_doctor(root, status);
  const auto up = add_up(root, status);
  const auto client = add_client(root, status);
  const auto site = add_site(root, status);
  const auto join = add_join(root, status);
  const auto generate = add_generate(root, status);
  bool json = false;
  CLI::App* table =
      root.add_subcommand("options", "every option of openvpn and what adit makes of it");
  table->add_flag("--json", json, "the whole table, for programs");
  table->callback([&] {
    const std::string text = json ? options::options_json() + "\n" : options::help_text();
    std::fputs(text.c_str(), stdout);
  });
  std::string where;
  CLI::App* show = root.add_subcommand("status", "what the running instances do");
  show->add_option("DIR|PID", where, "one process, or the folder of the status sockets");
  show->add_flag("--json", json, "everything, for programs");
  show->callback([&] { status = run_status(where, json); });
  std::vector<std::string> words;
  int running = 0;
  CLI::App* explain =
      root.add_subcommand("explain", "what the lines of a log mean, and what to do about them");
  explain->add_option("LOG", words,
                      "a log file, of adit or openvpn; one line; a pid of adit; - reads a log");
  explain->add_flag("--json", json, "for programs");
  CLI::Option* asked =
      explain->add_option("--running", running, "the last lines of a running instance; its pid")
          ->type_name("[PID]")
          ->expected(0, 1);
  explain->callback([&] {
    status = run_explain(words, asked->count() > 0 ? std::optional(running) : std::nullopt, json);
  });
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    root.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    const int code = root.exit(error);
    const bool own_codes = root.got_subcommand("bench") || root.got_subcommand("doctor");
    return code != 0 && own_codes ? exit_bad_use : code;
  }
  return status;
}

}  // namespace adit::app
