#include "app/join_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/client_login.h"
#include "app/command_words.h"
#include "app/disk_files.h"
#include "app/doctor_command.h"
#include "app/foreground.h"
#include "app/title.h"
#include "base/json.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "setup/join.h"
#include "setup/whole_profile.h"
#include "system/netlink.h"
#include "system/random.h"
#include "system/store.h"
#include "system/terminal.h"

namespace adit::app {

// The words of the command line, before they are understood.
class JoinArguments {
 public:
  std::string dir = usual_dir;
  std::string file, name;
  std::vector<std::string> lans;
  bool snat = false, route = false;
  bool no_service = false, no_firewall = false, no_test = false;
  bool dry_run = false, json = false;
  CLI::Option* lan_option = nullptr;
};

namespace {

constexpr double patience_seconds = 15;  // for the tunnel to come up

Result<setup::WholeProfile> read_whole(const std::string& file) {
  system::SystemRng rng;
  system::Store store(rng);
  const auto text = store.read(file);
  if (!text) return fail_with(text.error());
  DiskFiles beside(store);
  return setup::make_whole(*text, std::filesystem::absolute(file), beside);
}

// But for the profile.
Result<setup::JoinRequest> join_request_of(const JoinArguments& given) {
  setup::JoinRequest request;
  request.dir = absolute_dir(given.dir);
  auto name = setup::join_name(given.name.empty() ? given.file : given.name);
  if (!name) return fail_with(name.error());
  request.name = std::move(*name);
  if (given.lan_option->count() > 0) {
    auto lans = networks_of("--lan", given.lans);
    if (!lans) return fail_with(lans.error());
    request.lans = std::move(*lans);
  }
  if (given.snat || given.route) request.snat = given.snat;
  request.service = !given.no_service;
  request.firewall = !given.no_firewall;
  request.program = own_path();
  return request;
}

// What the server offers, before anything is changed here. Nothing: it cannot be asked now.
std::optional<std::string> ask_server(setup::JoinRequest& request, const std::string& file) {
  auto network = system::Netlink::open();
  if (!network) return network.error().text();
  system::SystemRng rng;
  system::Store store(rng);
  doctor::Surroundings around{**network, store, rng, title()};
  if (is_dialogue()) {
    around.ask_login = [&](const options::Client& wanted) {
      return ask_credentials(wanted, store);
    };
    around.ask_passphrase = [] { return system::ask("Enter Private Key Password:", false); };
  }
  doctor::Limits limits;
  limits.patience = std::chrono::seconds(5);
  const auto offer = doctor::ask_offer(request.profile, file, limits, around);
  if (!offer) return offer.error().text();
  std::vector<ip::Prefix> far = offer->tunnel;
  far.insert(far.end(), offer->far.begin(), offer->far.end());
  request.far = std::move(far);
  return std::nullopt;
}

std::string json_of(const setup::JoinRequest& request, const setup::JoinPlan& plan, bool changed) {
  Json whole{{"name", request.name},
             {"profile", plan.file},
             {"unit", plan.unit},
             {"changed", changed},
             {"notes", plan.notes}};
  if (plan.rules) {
    std::vector<std::string> lans, far;
    for (const ip::Prefix& lan : plan.rules->lans) lans.push_back(lan.text());
    for (const ip::Prefix& one : plan.rules->far) far.push_back(one.text());
    whole["lans"] = lans;
    whole["far"] = far;
    whole["snat"] = plan.rules->snat;
  }
  return whole.dump(2) + "\n";
}

void test_when_joined(const setup::JoinRequest& request) {
  const std::string program = own_path();
  const std::string wait = fmt::format("{}", patience_seconds);
  execl(program.c_str(), program.c_str(), "doctor", request.name.c_str(), "--dir",
        request.dir.c_str(), "--wait", wait.c_str(), nullptr);
}

// The client in this process until a signal; then the host is as it was.
int stay(setup::Host& host, const setup::JoinRequest& request, bool tested) {
  tell("\n  Ctrl-C leaves again.\n");
  std::function<void()> beside;
  if (tested) beside = [&request] { test_when_joined(request); };
  const std::string pid_file = setup::join_pid_file(request.dir, request.name);
  const int status = run_in_foreground({"--cd", request.dir + "/joined", "--nobind", "--config",
                                        request.name + ".ovpn", "--writepid", pid_file},
                                       beside);
  const system::Fd lock = lock_dir(request.dir);
  static_cast<void>(host.remove_file(pid_file));
  // Others may have written to it meanwhile: what they took back is for us to take back now.
  auto journal = open_journal(host, request.dir, setup::join_owner(request.name), true);
  if (!journal) return complain(journal.error());
  if (Status undone = setup::undo(host, *journal, indent); !undone) {
    return complain(undone.error());
  }
  return status;
}

void tell_joined(const setup::JoinPlan& plan) {
  tell_notes(plan.notes);
  if (!plan.rules) return;
  const firewall::Plan& rules = *plan.rules;
  tell(fmt::format("\n  gateway of   {} ({})", setup::texts(rules.lans),
                   rules.snat ? "this host's address stands for it" : "routed"));
  if (!rules.far.empty()) {
    tell("  to           " + setup::texts(rules.far));
    tell(
        "\n  If this host is not the router of its network, give the router (or the hosts) a "
        "route\n"
        "  to these by this host.");
  }
}

struct Join {
  const JoinArguments& given;
  setup::Host& host;
  setup::JoinRequest request;
  system::Fd lock{};  // while anything is changed
};

int carry_out_join(Join& join, setup::Journal& journal, const setup::JoinPlan& plan,
                   const std::vector<setup::Step>& steps) {
  const auto& [given, host, request, lock] = join;
  const bool changes = setup::changes_something(steps);
  const setup::Progress progress = given.json ? setup::Progress([](const std::string&) {}) : indent;
  if (Status done = setup::carry_out(host, journal, steps, progress); !done) {
    return complain(done.error());
  }
  join.lock.reset();
  if (given.json) {
    std::fputs(json_of(request, plan, changes).c_str(), stdout);
    return 0;
  }
  if (!changes) tell("Nothing to change: this host has joined " + request.name + " as wished.");
  tell_joined(plan);
  if (!request.service) return stay(host, request, !given.no_test);
  if (given.no_test) return 0;
  tell("");
  return test_joined(request.dir, request.name, patience_seconds);
}

int join_with(Join& join) {
  const auto& given = join.given;
  setup::JoinRequest& request = join.request;
  const bool changes = !given.dry_run && join.host.is_root();
  const std::string owner = setup::join_owner(request.name);
  const auto known = open_journal(join.host, request.dir, owner, false);
  if (!known) return complain(known.error());
  // Not while others wait for us: it takes as long as the server likes.
  const bool asks = known->records.empty() || given.lan_option->count() > 0;
  const auto silence = asks ? ask_server(request, given.file) : std::optional<std::string>{};
  if (join.host.is_root()) join.lock = lock_dir(request.dir);
  auto journal = open_journal(join.host, request.dir, owner, changes);
  if (!journal) return complain(journal.error());
  auto plan = setup::plan_join(join.host, request, *journal);
  if (!plan) return complain(plan.error());
  if (silence) plan->notes.push_back("the server was asked in vain: " + *silence);
  if (!plan->errors.empty()) return complain_all(plan->errors, !given.json);
  const auto steps = setup::plan_changes(join.host, *journal, plan->wishes);
  if (!steps) return complain(steps.error());
  if (!given.dry_run) return carry_out_join(join, *journal, *plan, *steps);
  show_dry_run(*steps, plan->notes);
  return 0;
}

int run_join(const JoinArguments& given) {
  auto request = join_request_of(given);
  if (!request) return complain(request.error());
  if (!request->service && given.json) {
    return complain({"--json does not go with --no-service", "there is no end to report"});
  }
  auto whole = read_whole(given.file);
  if (!whole) return complain(whole.error());
  if (!whole->errors.empty()) return complain_all(whole->errors, !given.json);
  request->profile = std::move(whole->text);
  request->staying = std::move(whole->staying);
  const auto host = setup::real_host();
  Join join{given, *host, std::move(*request)};
  return join_with(join);
}

Result<std::string> name_to_leave(setup::Host& host, const std::string& dir,
                                  const std::string& wanted) {
  const auto names = setup::joined_names(host, dir);
  if (!wanted.empty()) {
    if (std::ranges::find(names, wanted) != names.end()) return wanted;
    return fail_with(
        {fmt::format("this host has not joined \"{}\"", printable(wanted)),
         names.empty() ? "nothing is joined from " + dir : "there are: " + join(names, ", ")});
  }
  if (names.size() == 1) return names.front();
  if (names.empty()) return fail("this host has joined nothing (looked in {})", dir);
  return fail_with({"this host has joined several networks",
                    "say which: adit leave NAME (" + join(names, ", ") + ")"});
}

// A client in the foreground goes first.
Status end_foreground(setup::Host& host, const std::string& dir, const std::string& name) {
  const std::string path = setup::join_pid_file(dir, name);
  const auto file = host.read_file(path);
  if (!file || !*file) return {};
  const auto pid = to_number<int>(trim((*file)->text));
  if (pid && host.runs_adit(*pid)) {
    if (Status ended = end_process(host, *pid, "the client"); !ended) return ended;
  }
  return host.remove_file(path);
}

int run_leave(const JoinArguments& given) {
  const auto host = setup::real_host();
  const std::string dir = absolute_dir(given.dir);
  if (!host->is_root()) return complain({"this needs root", "give the command again with sudo"});
  const auto name = name_to_leave(*host, dir, given.name);
  if (!name) return complain(name.error());
  if (Status ended = end_foreground(*host, dir, *name); !ended) return complain(ended.error());
  const system::Fd lock = lock_dir(dir);
  auto journal = open_journal(*host, dir, setup::join_owner(*name), true);
  if (!journal) return complain(journal.error());
  const setup::Progress progress = given.json ? setup::Progress([](const std::string&) {}) : indent;
  if (Status undone = setup::undo(*host, *journal, progress); !undone) {
    return complain(undone.error());
  }
  if (given.json) {
    std::fputs((Json{{"left", *name}}.dump() + "\n").c_str(), stdout);
  } else {
    tell("This host has left " + *name + " and is as it was before.");
  }
  return 0;
}

void add_join_options(CLI::App* join, JoinArguments& given) {
  join->add_option("FILE.ovpn", given.file, "the profile; keys that lie beside it go along")
      ->required();
  join->add_option("--name", given.name, "how it is called here [the file's name]");
  given.lan_option =
      join->add_option("--lan", given.lans,
                       "networks behind this host, which becomes their gateway [the profile's]");
  CLI::Option* snat =
      join->add_flag("--snat", given.snat, "this host's address stands for theirs in the tunnel");
  join->add_flag("--route", given.route, "plain routing: the far side knows the way back")
      ->excludes(snat);
  join->add_flag("--no-service", given.no_service,
                 "no unit of systemd: stay in the foreground; Ctrl-C leaves again");
  join->add_flag("--no-firewall", given.no_firewall, "leave the firewall's rules be");
  join->add_flag("--no-test", given.no_test, "skip the test at the end");
  join->add_flag("--dry-run", given.dry_run, "print every change, touch nothing");
}

}  // namespace

std::shared_ptr<JoinArguments> add_join(CLI::App& root, int& status) {
  auto held = std::make_shared<JoinArguments>();
  JoinArguments& given = *held;
  const auto common = [&](CLI::App* command) {
    command->add_option("--dir", given.dir, "where the state lives")->capture_default_str();
    command->add_flag("--json", given.json, "for programs");
  };
  CLI::App* join =
      root.add_subcommand("join", "makes this host a client of a VPN, or the gateway of its site");
  add_join_options(join, given);
  common(join);
  join->callback([&] { status = run_join(given); });
  CLI::App* leave = root.add_subcommand("leave", "undoes what \"adit join\" did");
  leave->add_option("NAME", given.name, "of the joined network; may be left out if there is one");
  common(leave);
  leave->callback([&] { status = run_leave(given); });
  return held;
}

}  // namespace adit::app
