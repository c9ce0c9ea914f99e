#include "app/firewall_command.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/command_words.h"
#include "base/text.h"
#include "firewall/load.h"
#include "firewall/report.h"
#include "firewall/survey.h"
#include "setup/firewall_plan.h"
#include "setup/join.h"

namespace adit::app {

// A plan as words of the command line.
class FirewallArguments {
 public:
  std::string dir = usual_dir;
  std::string join;
  std::string owner = "server";
  std::string device = "tun";
  std::vector<std::string> tunnel;
  std::vector<std::string> lans;
  std::vector<std::string> far;
  std::vector<std::string> maps;
  std::vector<std::string> denied;
  std::string open;
  bool full_tunnel = false;
  bool snat = false;
  bool hooks = false;
  bool json = false;
  std::vector<CLI::Option*> by_hand;  // those that make a plan without a folder

  [[nodiscard]] bool is_by_hand() const {
    return std::ranges::any_of(by_hand, [](const CLI::Option* o) { return o->count() > 0; });
  }
};

namespace {

// "A=B", both networks.
Result<std::pair<ip::Prefix, ip::Prefix>> pair_of(const std::string& option,
                                                  const std::string& word) {
  const auto parts = split(word, '=');
  if (parts.size() != 2) {
    return fail("{} {}: want two networks, such as 192.168.1.0/24=10.1.1.0/24", option, word);
  }
  const auto first = network_of(option, std::string(parts[0]));
  const auto second = network_of(option, std::string(parts[1]));
  if (!first) return fail_with(first.error());
  if (!second) return fail_with(second.error());
  return std::pair(*first, *second);
}

// "1194/udp"
Result<firewall::Port> port_of(const std::string& word) {
  const auto parts = split(word, '/');
  const auto number = to_number<std::uint16_t>(parts[0]);
  const bool known = parts.size() == 2 && (parts[1] == "udp" || parts[1] == "tcp");
  if (!number || *number == 0 || !known)
    return fail("--open {}: want a port such as 1194/udp", word);
  return firewall::Port{parts[1] == "tcp", *number};
}

Status add_pairs(const FirewallArguments& arguments, firewall::Plan& plan) {
  for (const std::string& word : arguments.maps) {
    const auto pair = pair_of("--map", word);
    if (!pair) return fail_with(pair.error());
    plan.maps.push_back({pair->first, pair->second});
  }
  for (const std::string& word : arguments.denied) {
    const auto pair = pair_of("--deny", word);
    if (!pair) return fail_with(pair.error());
    plan.denied.push_back({pair->first, pair->second});
  }
  return {};
}

Result<firewall::Plan> plan_by_hand(const FirewallArguments& arguments) {
  firewall::Plan plan;
  plan.owner = arguments.owner;
  plan.device = arguments.device;
  plan.full_tunnel = arguments.full_tunnel;
  plan.snat = arguments.snat;
  for (const auto& [option, words, prefixes] :
       {std::tuple("--tunnel", &arguments.tunnel, &plan.tunnel),
        std::tuple("--lan", &arguments.lans, &plan.lans),
        std::tuple("--far", &arguments.far, &plan.far)}) {
    auto networks = networks_of(option, *words);
    if (!networks) return fail_with(networks.error());
    *prefixes = std::move(*networks);
  }
  if (const Status good = add_pairs(arguments, plan); !good) return fail_with(good.error());
  if (arguments.open.empty()) return plan;
  const auto port = port_of(arguments.open);
  if (!port) return fail_with(port.error());
  plan.open = *port;
  return plan;
}

// Of the command line, or of the folder. Nothing: the folder wants no rules.
Result<std::optional<firewall::Plan>> plan_of(const FirewallArguments& arguments) {
  if (!arguments.is_by_hand() && !arguments.join.empty()) {
    return setup::read_join_plan(*setup::real_host(), arguments.dir, arguments.join);
  }
  if (!arguments.is_by_hand()) return setup::read_plan(*setup::real_host(), arguments.dir);
  auto plan = plan_by_hand(arguments);
  if (!plan) return fail_with(plan.error());
  return std::optional(std::move(*plan));
}

std::string owner_of(const FirewallArguments& arguments) {
  if (arguments.is_by_hand()) return arguments.owner;
  return arguments.join.empty() ? setup::instance_of(arguments.dir)
                                : setup::join_owner(arguments.join);
}

int wants_none(const FirewallArguments& arguments) {
  const std::string file = arguments.join.empty()
                               ? arguments.dir + "/server.conf"
                               : setup::joined_file(arguments.dir, arguments.join);
  tell(file + " wants no rules");
  return 0;
}

int show_rules(const FirewallArguments& arguments, bool only_wrong) {
  const auto planned = plan_of(arguments);
  if (!planned) return complain(planned.error());
  if (!*planned) return wants_none(arguments);
  firewall::HostTools tools;
  const firewall::Report report = firewall::report_on(**planned, tools);
  const std::string text = arguments.json ? firewall::render_json(report)
                           : only_wrong   ? firewall::render_troubles(report)
                                          : firewall::render_text(report);
  std::fputs(text.c_str(), stdout);
  return only_wrong && !report.good() ? exit_failure : 0;
}

void warn(const std::string& text) { std::fprintf(stderr, "adit: warning: %s\n", text.c_str()); }

int show_all(const FirewallArguments& arguments) { return show_rules(arguments, false); }
int show_troubles(const FirewallArguments& arguments) { return show_rules(arguments, true); }

// Those of tools that forget them at a reboot; all where asked. One that fails keeps no tunnel from
// starting.
void set_hooks(const firewall::Survey& survey, bool all, firewall::Tools& tools) {
  for (const firewall::Hook& hook : survey.hooks) {
    if (hook.present || (hook.lasting && !all)) continue;
    if (const Status done = firewall::run_all(hook.apply, tools); !done) {
      warn(done.error().text());
    } else {
      tell(hook.who + ": " + hook.what);
    }
  }
}

void warn_of(const firewall::Obstacle& obstacle) {
  warn(obstacle.who + ": " + obstacle.rule + ": " + obstacle.why + " - " + obstacle.cure);
}

int load_rules(const FirewallArguments& arguments) {
  const auto planned = plan_of(arguments);
  if (!planned) return complain(planned.error());
  if (!*planned) return wants_none(arguments);
  const firewall::Plan& plan = **planned;
  if (const Status loaded = firewall::load(plan); !loaded) return complain(loaded.error());
  tell("rules of " + plan.owner + " loaded");
  firewall::HostTools tools;
  const firewall::Survey survey = firewall::survey(plan, firewall::look(tools));
  set_hooks(survey, arguments.hooks, tools);
  for (const firewall::Obstacle& obstacle : survey.obstacles) warn_of(obstacle);
  for (const std::string& note : survey.notes) warn("not looked at: " + note);
  return 0;
}

Status unset_hooks(const firewall::Survey& survey, firewall::Tools& tools) {
  for (const firewall::Hook& hook : survey.hooks) {
    if (!hook.present || !hook.lasting) continue;
    if (const Status done = firewall::run_all(hook.undo, tools); !done) return done;
  }
  return {};
}

// The plan is asked for only where it is needed: rules go even when the configuration is gone.
int unload(const FirewallArguments& arguments) {
  const std::string owner = owner_of(arguments);
  if (const Status gone = firewall::unload(owner); !gone) return complain(gone.error());
  firewall::HostTools tools;
  const firewall::Situation situation = firewall::look(tools);
  const Status gone = firewall::run_all(firewall::passing_hooks(owner, situation), tools);
  if (!gone) return complain(gone.error());
  tell("rules of " + owner + " removed");
  if (!arguments.hooks) return 0;
  const auto plan = plan_of(arguments);
  if (!plan) return complain(plan.error());
  if (!*plan) return 0;
  const Status unset = unset_hooks(firewall::survey(**plan, situation), tools);
  return unset ? 0 : complain(unset.error());
}

void add_plan_options(CLI::App& verb, FirewallArguments& arguments) {
  verb.add_option("--dir", arguments.dir, "the folder of the server whose rules these are")
      ->capture_default_str();
  verb.add_option("--join", arguments.join, "the profile in DIR/joined instead, without .ovpn")
      ->type_name("NAME");
  const char* group = "A plan by hand, without a folder";
  const auto option = [&](const char* name, auto& value, const char* what, const char* type) {
    CLI::Option* made = verb.add_option(name, value, what)->group(group);
    if (*type != 0) made->type_name(type);
    arguments.by_hand.push_back(made);
  };
  option("--owner", arguments.owner, "whose rules: a name for their chains", "NAME");
  option("--device", arguments.device, "of the tunnel; \"tun\" is any tun device", "NAME");
  option("--tunnel", arguments.tunnel, "networks inside the tunnel", "CIDR");
  option("--lan", arguments.lans, "networks behind this host", "CIDR");
  option("--far", arguments.far, "networks behind the far side", "CIDR");
  option("--map", arguments.maps, "REAL=SHOWN, one to one", "PAIR");
  option("--deny", arguments.denied, "FROM=TO: packets that may not pass", "PAIR");
  option("--open", arguments.open, "a port to be let in: 1194/udp", "PORT");
  const auto flag = [&](const char* name, bool& value, const char* what) {
    arguments.by_hand.push_back(verb.add_flag(name, value, what)->group(group));
  };
  flag("--full-tunnel", arguments.full_tunnel,
       "what comes out of the tunnel for the world leaves with this host's address");
  flag("--snat", arguments.snat,
       "this host's address stands for those of the tunnel and the networks behind it");
}

}  // namespace

std::shared_ptr<FirewallArguments> add_firewall(CLI::App& root, int& status) {
  auto held = std::make_shared<FirewallArguments>();
  FirewallArguments& arguments = *held;
  CLI::App* group = root.add_subcommand("firewall", "adit's packet filter rules, and others'");
  group->require_subcommand(1);
  const auto command = [&](const char* name, const char* what) {
    CLI::App* verb = group->add_subcommand(name, what);
    add_plan_options(*verb, arguments);
    return verb;
  };
  const auto run = [&](int (*verb)(const FirewallArguments&)) {
    arguments.dir = absolute_dir(arguments.dir);
    status = verb(arguments);
  };
  CLI::App* shown = command("show", "our rules, and what of others stands in the way");
  shown->add_flag("--json", arguments.json, "for programs");
  shown->callback([run] { run(show_all); });
  CLI::App* checked = command("check", "only what is wrong; exit status 1 if anything is");
  checked->add_flag("--json", arguments.json, "for programs");
  checked->callback([run] { run(show_troubles); });
  CLI::App* loaded = command("load", "put the rules in place, all or none");
  loaded->add_flag("--hooks", arguments.hooks, "also tell ufw or firewalld to let packets through");
  loaded->callback([run] { run(load_rules); });
  CLI::App* unloaded = command("unload", "remove the rules");
  unloaded->add_flag("--hooks", arguments.hooks, "also undo what ufw or firewalld was told");
  unloaded->callback([run] { run(unload); });
  return held;
}

}  // namespace adit::app
