#include "app/up_command.h"

#include <cstdio>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/command_words.h"
#include "app/doctor_command.h"
#include "app/foreground.h"
#include "base/text.h"
#include "setup/engine.h"
#include "setup/running.h"
#include "setup/up.h"
#include "system/random.h"

namespace adit::app {

// The words of the command line, before they are understood.
class UpArguments {
 public:
  std::string dir = usual_dir;
  std::string network, network6, proto, endpoint;
  unsigned port = 0;
  std::vector<std::string> lans, dns;
  bool full_tunnel = false, firewall = true, snat = false;
  CLI::Option *lan_option = nullptr, *dns_option = nullptr, *full_option = nullptr,
              *snat_option = nullptr, *firewall_option = nullptr;
  bool no_service = false, dry_run = false, yes = false, no_test = false;
  bool purge = false;
};

namespace {

constexpr const char* owner = "up";  // of the journal

Result<std::vector<ip::Address>> addresses_of(const std::vector<std::string>& words) {
  std::vector<ip::Address> addresses;
  for (const std::string& word : words) {
    for (const std::string_view part : split(word, ',')) {
      if (trim(part).empty() || part == "none") continue;
      const auto address = ip::Address::parse(trim(part));
      if (!address) return fail("--dns: \"{}\" is not an address", printable(part));
      addresses.push_back(*address);
    }
  }
  return addresses;
}

Status take_networks(const UpArguments& given, setup::ServerSettings& settings) {
  if (!given.network.empty()) {
    const auto network = network_of("--network", given.network);
    if (!network) return fail_with(network.error());
    if (!network->address.is_v4()) return fail("--network is for IPv4, --network6 for IPv6");
    settings.network = *network;
  }
  settings.no_network6 = given.network6 == "none";
  if (!given.network6.empty() && !settings.no_network6) {
    const auto network = network_of("--network6", given.network6);
    if (!network) return fail_with(network.error());
    if (network->address.is_v4()) return fail("--network6 is for IPv6, --network for IPv4");
    settings.network6 = *network;
  }
  return {};
}

Result<setup::ServerSettings> server_settings_of(const UpArguments& given) {
  setup::ServerSettings settings;
  if (Status taken = take_networks(given, settings); !taken) return fail_with(taken.error());
  if (given.port != 0) settings.port = static_cast<std::uint16_t>(given.port);
  if (!given.proto.empty()) settings.tcp = given.proto == "tcp";
  if (!given.endpoint.empty()) settings.endpoint = given.endpoint;
  if (given.lan_option->count() > 0) {
    auto lans = networks_of("--lan", given.lans);
    if (!lans) return fail_with(lans.error());
    settings.lans = std::move(*lans);
  }
  if (given.dns_option->count() > 0) {
    auto servers = addresses_of(given.dns);
    if (!servers) return fail_with(servers.error());
    settings.dns = std::move(*servers);
  }
  if (given.snat_option->count() > 0) settings.snat = given.snat;
  if (given.full_option->count() > 0) settings.full_tunnel = given.full_tunnel;
  if (given.firewall_option->count() > 0) settings.firewall = given.firewall;
  return settings;
}

// Networks of this host that clients may want, for the dialogue.
std::string own_networks(setup::Host& host) {
  std::vector<std::string> found;
  for (const setup::HostAddress& one : host.addresses()) {
    const bool useful = one.device != "lo" && !one.device.starts_with("tun") &&
                        one.address.is_v4() && !one.network.is_host();
    if (useful) found.push_back(one.network.text());
  }
  return join(found, " ");
}

// A few questions, on a terminal and for a new server only.
Status ask_settings(setup::Host& host, setup::ServerSettings& settings) {
  tell("A new VPN server. Enter takes what stands in brackets.\n");
  if (!settings.endpoint) {
    const auto guess = host.outward_address();
    settings.endpoint = ask_line("Name or address under which clients reach this host",
                                 guess ? guess->text() : "127.0.0.1");
  }
  if (!settings.lans) {
    const std::string here = own_networks(host);
    if (!here.empty()) tell("This host lies in " + here + ".");
    const std::string answer = ask_line("Networks that clients may reach through it", "none");
    std::vector<ip::Prefix> all;
    for (const std::string_view word : split(answer, ' ')) {
      auto some = networks_of("Networks", {std::string(word)});
      if (!some) return fail_with(some.error());
      all.insert(all.end(), some->begin(), some->end());
    }
    settings.lans = std::move(all);
  }
  if (!settings.full_tunnel) {
    settings.full_tunnel = ask_yes("Shall all traffic of clients go through here?", false);
  }
  return {};
}

std::string transport_of(const setup::ServerFacts& facts) {
  return fmt::format("{} {}", facts.tcp ? "TCP" : "UDP", facts.port);
}

void tell_set_up(const setup::UpPlan& plan, const std::string& dir) {
  const setup::ServerFacts& facts = plan.facts;
  const std::string endpoint = facts.endpoint.empty() ? "?" : facts.endpoint;
  tell("\n  server      " + endpoint + ", " + transport_of(facts));
  tell("  addresses   " + (facts.network ? facts.network->text() : "-") +
       (facts.network6 ? ", " + facts.network6->text() : ""));
  if (!facts.lans.empty()) tell("  networks    " + setup::texts(facts.lans));
  if (!plan.profile.empty()) {
    const std::string file = plan.profile.substr(plan.profile.rfind('/') + 1);
    tell("  profile     " + plan.profile);
    tell("\n  Copy the profile to the client and run there, as root:\n\n      adit join " + file +
         "          (or: openvpn " + file + ")");
  }
  const std::string where = dir == usual_dir ? "" : " --dir " + dir;
  tell("\n  More clients:  adit client add NAME" + where);
}

struct Up {
  const UpArguments& given;
  setup::Host& host;
  setup::UpRequest request;
  setup::PkiCertificates& pki;
  system::Fd lock{};  // while anything is changed
};

// In the foreground until a signal; then the host is as it was.
int serve(Up& up) {
  tell("\n  Ctrl-C takes the server down again.\n");
  const int status = serve_in_foreground(up.request.dir, !up.given.no_test);
  up.lock = lock_dir(up.request.dir);
  auto journal = open_journal(up.host, up.request.dir, owner, true);
  if (!journal) return complain(journal.error());
  if (Status undone = setup::undo(up.host, *journal, indent); !undone) {
    return complain(undone.error());
  }
  return status;
}

int carry_out_up(Up& up, setup::Journal& journal, const setup::UpPlan& plan,
                 const std::vector<setup::Step>& steps, bool serves_already) {
  if (!setup::changes_something(steps)) {
    tell("Nothing to change: the server is set up as wished.");
  }
  if (Status done = setup::carry_out(up.host, journal, steps, indent); !done) {
    return complain(done.error());
  }
  up.lock.reset();
  tell_notes(plan.notes);
  tell_set_up(plan, up.request.dir);
  if (!up.request.service && !serves_already) return serve(up);
  if (up.given.no_test) return 0;
  tell("");
  return test_server(up.request.dir);
}

int up_with(Up& up) {
  if (up.host.is_root()) up.lock = lock_dir(up.request.dir);
  const bool changes = !up.given.dry_run && up.host.is_root();
  auto journal = open_journal(up.host, up.request.dir, owner, changes);
  if (!journal) return complain(journal.error());
  const bool is_new = !up.host.read_file(up.request.dir + "/server.conf").value_or(std::nullopt);
  const bool talks = is_dialogue() && !up.given.yes && !up.given.dry_run;
  if (talks && is_new && up.host.is_root()) {
    if (Status asked = ask_settings(up.host, up.request.settings); !asked) {
      return complain(asked.error());
    }
  }
  const auto plan = setup::plan_up(up.host, up.request, up.pki);
  if (!plan) return complain(plan.error());
  if (!plan->errors.empty()) return complain_all(plan->errors, true);
  const auto steps = setup::plan_changes(up.host, *journal, plan->wishes);
  if (!steps) return complain(steps.error());
  if (up.given.dry_run) {
    show_dry_run(*steps, plan->notes);
    return 0;
  }
  const bool serves = setup::running_server(up.host, up.request.dir, plan->unit).pid.has_value();
  return carry_out_up(up, *journal, *plan, *steps, serves);
}

int run_up(const UpArguments& given) {
  auto settings = server_settings_of(given);
  if (!settings) return complain(settings.error());
  const auto host = setup::real_host();
  system::SystemRng rng;
  const std::string dir = absolute_dir(given.dir);
  setup::PkiCertificates pki = certificates_of(dir, rng);
  Up up{given, *host, {.dir = dir, .settings = std::move(*settings)}, pki};
  up.request.service = !given.no_service;
  up.request.program = own_path();
  return up_with(up);
}

int run_purge(setup::Host& host, const UpArguments& given, const std::string& dir) {
  if (!given.yes) {
    if (!is_dialogue()) {
      return complain({"--purge removes the certificate authority with all keys and profiles",
                       "nobody can be asked here: say --yes if that is meant"});
    }
    const bool meant = ask_yes("Remove the authority, all keys and all profiles in " + dir +
                                   "? No client will get in again.",
                               false);
    if (!meant) return 0;
  }
  if (Status removed = setup::purge(host, dir); !removed) return complain(removed.error());
  indent("removed what was in " + dir);
  return 0;
}

int run_down(const UpArguments& given) {
  const auto host = setup::real_host();
  const std::string dir = absolute_dir(given.dir);
  if (!host->is_root()) return complain({"this needs root", "give the command again with sudo"});
  const setup::Running running = setup::running_server(*host, dir, setup::unit_of(dir));
  if (running.pid) {
    indent(fmt::format("end the server in the foreground (pid {})", *running.pid));
    if (Status ended = end_process(*host, *running.pid, "the server"); !ended) {
      return complain(ended.error());
    }
  }
  const system::Fd lock = lock_dir(dir);
  static_cast<void>(host->remove_file(setup::pid_file(dir)));
  auto journal = open_journal(*host, dir, owner, true);
  if (!journal) return complain(journal.error());
  const bool nothing = journal->empty() && !running.any();
  if (Status undone = setup::undo(*host, *journal, indent); !undone) {
    return complain(undone.error());
  }
  if (nothing) {
    tell("Nothing to undo: no server is set up from " + dir + ".");
  } else {
    const std::string kept = " Keys, configuration and profiles stay in " + dir + ".";
    tell("The server is down." + (given.purge ? "" : kept));
  }
  return given.purge ? run_purge(*host, given, dir) : 0;
}

void add_up_options(CLI::App* up, UpArguments& given) {
  up->add_option("--network", given.network, "addresses of the tunnel, IPv4 [10.8.0.0/24]");
  up->add_option("--network6", given.network6, "the same of IPv6, or none");
  up->add_option("--port", given.port, "to listen on [1194]")->check(CLI::Range(1, 65535));
  up->add_option("--proto", given.proto, "udp or tcp [udp]")->check(CLI::IsMember({"udp", "tcp"}));
  up->add_option("--endpoint", given.endpoint,
                 "name or address under which clients reach this host [guessed and shown]");
  given.lan_option =
      up->add_option("--lan", given.lans, "networks behind this host that clients may reach");
  given.dns_option = up->add_option("--dns", given.dns, "name servers for clients");
  given.full_option = up->add_flag("--full-tunnel,!--no-full-tunnel", given.full_tunnel,
                                   "all traffic of clients goes through here");
  given.snat_option =
      up->add_flag("--snat,!--no-snat", given.snat,
                   "this host's address stands for the far side's, so that hosts of "
                   "--lan need no route back");
  given.firewall_option = up->add_flag("--firewall,!--no-firewall", given.firewall,
                                       "set the firewall's rules, which is usual, or leave it be");
  up->add_flag("--no-service", given.no_service,
               "no unit of systemd: serve in the foreground; Ctrl-C undoes rules and sysctls and "
               "keeps keys, configuration and profiles");
  up->add_flag("--no-test", given.no_test, "skip the test at the end");
  up->add_flag("--dry-run", given.dry_run, "print every change, touch nothing");
}

}  // namespace

std::shared_ptr<UpArguments> add_up(CLI::App& root, int& status) {
  auto held = std::make_shared<UpArguments>();
  UpArguments& given = *held;
  const auto common = [&](CLI::App* command) {
    command->add_option("--dir", given.dir, "where the state lives")->capture_default_str();
    command->add_flag("--yes,-y", given.yes, "ask nothing");
  };
  CLI::App* up = root.add_subcommand(
      "up", "makes this host a VPN server; given again it changes only what differs");
  add_up_options(up, given);
  common(up);
  up->callback([&] { status = run_up(given); });
  CLI::App* down =
      root.add_subcommand("down", "undoes what \"adit up\" did; keys and profiles stay");
  down->add_flag("--purge", given.purge, "remove keys, configuration and profiles as well");
  common(down);
  down->callback([&] { status = run_down(given); });
  return held;
}

}  // namespace adit::app
