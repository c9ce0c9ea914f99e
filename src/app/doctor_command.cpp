#include "app/doctor_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <thread>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/client_login.h"
#include "app/command_words.h"
#include "app/status_command.h"
#include "app/title.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/log_diagnosis.h"
#include "setup/firewall_plan.h"
#include "setup/join.h"
#include "system/clock.h"
#include "system/netlink.h"
#include "system/random.h"
#include "system/status_socket.h"
#include "system/store.h"
#include "system/terminal.h"

namespace adit::app {

class DoctorArguments {
 public:
  std::string what;  // a profile, or the name of a joined one
  std::string directory = "/etc/adit";
  std::string configuration, profile, log, role;
  std::vector<std::string> hosts;
  double patience = 8, throughput = 1, wait = 0;
  bool json = false;
};

namespace {

constexpr int something_failed = 1;
constexpr std::size_t least_columns = 60, most_columns = 110;

int show_report(const doctor::Report& report, bool json) {
  const std::size_t width = text_columns(least_columns, most_columns);
  const bool colour = width > 0 && std::getenv("NO_COLOR") == nullptr;
  const std::string text =
      json ? doctor::render_json(report) : doctor::render_table(report, width, colour);
  std::fputs(text.c_str(), stdout);
  return report.has_failed() ? something_failed : 0;
}

Result<std::vector<ip::Address>> addresses(const std::vector<std::string>& words) {
  std::vector<ip::Address> parsed;
  for (const std::string& word : words) {
    const auto address = ip::Address::parse(word);
    if (!address) return fail("\"{}\" is no address", word);
    parsed.push_back(*address);
  }
  return parsed;
}

// What is done now, on a line of the terminal that does not stay.
class StepLine {
 public:
  explicit StepLine(bool wanted) : shown_(wanted && isatty(STDERR_FILENO) != 0) {}
  ~StepLine() { clear(); }
  StepLine(const StepLine&) = delete;
  StepLine& operator=(const StepLine&) = delete;
  void say(const std::string& what) const {
    if (shown_) std::fprintf(stderr, "\r\033[K%s ...", what.c_str());
  }
  void clear() const {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

 private:
  bool shown_;
};

// Whether the process sees the same devices and files as we do: it is in no container of its own.
bool lives_here(int pid) {
  std::error_code unknown;
  for (const char* kind : {"net", "mnt"}) {
    const auto own = std::filesystem::read_symlink(fmt::format("/proc/self/ns/{}", kind), unknown);
    const auto its =
        std::filesystem::read_symlink(fmt::format("/proc/{}/ns/{}", pid, kind), unknown);
    if (own != its) return false;
  }
  return true;
}

// The running instance of this host that has this configuration.
std::optional<node::InstanceFacts> instance_of(const std::string& file, bool server) {
  const std::string folder = system::status_folder();
  for (const int pid : system::instances_in(folder)) {
    if (!lives_here(pid)) continue;
    const auto document = system::ask_instance(folder, pid);
    if (!document) continue;
    const auto facts = node::parse_facts(*document);
    if (!facts || (facts->role == "server") != server) continue;
    std::error_code unknown;
    std::filesystem::path used(facts->configuration);
    if (used.is_relative()) {
      used = std::filesystem::read_symlink(fmt::format("/proc/{}/cwd", pid), unknown) / used;
    }
    if (std::filesystem::equivalent(used, file, unknown)) return *facts;
  }
  return std::nullopt;
}

// What the running server's last lines say of clients that did not get in.
void add_troubles(doctor::Report& report, const std::string& file) {
  constexpr std::size_t most = 5;
  const auto facts = instance_of(file, true);
  if (!facts) return;
  const auto log = doctor::diagnose_log(join(facts->log, "\n"), doctor::Role::server);
  std::size_t told = 0;
  for (const doctor::Trouble& trouble : log.troubles) {
    if (trouble.peer.empty() || told++ == most) continue;
    report.notes.push_back(fmt::format("its log tells of {}: {}: {} - {}", trouble.peer,
                                       doctor::name(trouble.cause), trouble.what, trouble.cure));
  }
  if (told == 0) return;
  report.notes.push_back(fmt::format("the lines: adit doctor --log {}", facts->pid));
}

Result<doctor::Report> server_report(const DoctorArguments& arguments,
                                     const std::vector<ip::Address>& hosts,
                                     const doctor::Limits& limits,
                                     const doctor::Surroundings& around) {
  doctor::ServerCheck check{.directory = arguments.directory,
                            .configuration = arguments.configuration,
                            .profile = arguments.profile,
                            .hosts = hosts,
                            .limits = limits};
  if (arguments.configuration.empty() && geteuid() == 0) {
    const auto host = setup::real_host();
    const auto plan = setup::read_plan(*host, absolute_dir(arguments.directory));
    if (plan && *plan) check.rules = **plan;
    check.rules_expected = around.store.exists(arguments.directory + "/state/up.json");
  }
  auto report = doctor::check_server(check, around);
  const bool other = !arguments.configuration.empty();
  const std::string file = other ? arguments.configuration : arguments.directory + "/server.conf";
  if (report) add_troubles(*report, file);
  return report;
}

// A client that was just started takes a while.
std::optional<node::InstanceFacts> await_up(const std::string& file, Duration patience,
                                            const StepLine& line) {
  const Instant until = system::monotonic_now() + patience;
  while (true) {
    auto facts = instance_of(file, false);
    if ((facts && facts->state == "up") || system::monotonic_now() >= until) return facts;
    line.say("waiting for the tunnel");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Result<doctor::Report> client_report(const DoctorArguments& arguments,
                                     const std::vector<ip::Address>& hosts,
                                     const doctor::Limits& limits,
                                     const doctor::Surroundings& around) {
  doctor::ClientCheck check{.profile = arguments.what, .hosts = hosts, .limits = limits};
  const std::string dir = absolute_dir(arguments.directory);
  const std::string joined = setup::joined_file(dir, arguments.what);
  if (!around.store.exists(check.profile) && around.store.exists(joined)) check.profile = joined;
  const StepLine line(!arguments.json);
  check.running = await_up(check.profile, of_seconds(arguments.wait), line);
  if (check.profile == joined && geteuid() == 0) {
    const auto host = setup::real_host();
    const auto plan = setup::read_join_plan(*host, dir, arguments.what);
    if (plan && *plan) check.rules = **plan;
  }
  return doctor::check_client(check, around);
}

Result<doctor::Report> live_report(const DoctorArguments& arguments) {
  const auto hosts = addresses(arguments.hosts);
  if (!hosts) return fail_with(hosts.error());
  auto network = system::Netlink::open();
  if (!network) return fail_with(network.error());
  system::SystemRng rng;
  system::Store store(rng);
  const StepLine line(!arguments.json);
  doctor::Surroundings around{**network, store, rng, title()};
  if (isatty(STDIN_FILENO) != 0 && !arguments.json) {
    around.ask_login = [&](const options::Client& wanted) {
      return ask_credentials(wanted, store);
    };
    around.ask_passphrase = [] { return system::ask("Enter Private Key Password:", false); };
  }
  around.on_step = [&](const std::string& what) { line.say(what); };
  doctor::Limits limits;
  limits.patience = of_seconds(arguments.patience);
  limits.throughput = of_seconds(arguments.throughput);
  if (arguments.what.empty()) return server_report(arguments, *hosts, limits, around);
  return client_report(arguments, *hosts, limits, around);
}

Result<std::string> read_log(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  const auto pid = to_number<int>(file);
  if (pid && access(file.c_str(), F_OK) != 0) return log_of_instance(*pid);
  system::SystemRng rng;
  return system::Store(rng).read(file);
}

Result<doctor::Report> log_report(const DoctorArguments& arguments) {
  const auto log = read_log(arguments.log);
  if (!log) return fail_with(log.error());
  doctor::Role role = doctor::Role::unknown;
  if (arguments.role == "server") role = doctor::Role::server;
  if (arguments.role == "client") role = doctor::Role::client;
  return doctor::report_on_log(doctor::diagnose_log(*log, role), arguments.log);
}

int run_doctor(const DoctorArguments& arguments) {
  const auto report = arguments.log.empty() ? live_report(arguments) : log_report(arguments);
  return report ? show_report(*report, arguments.json) : complain(report.error(), exit_no_answer);
}

}  // namespace

int test_joined(const std::string& dir, const std::string& name, double wait) {
  DoctorArguments arguments;
  arguments.directory = dir;
  arguments.what = name;
  arguments.wait = wait;
  return run_doctor(arguments);
}

int test_server(const std::string& dir) {
  DoctorArguments arguments;
  arguments.directory = dir;
  return run_doctor(arguments);
}

std::shared_ptr<DoctorArguments> add_doctor(CLI::App& root, int& status) {
  auto held = std::make_shared<DoctorArguments>();
  DoctorArguments& arguments = *held;
  CLI::App* doctor = root.add_subcommand(
      "doctor", "tests a tunnel stage by stage, on the server or on a client, with evidence");
  doctor->add_option("FILE.ovpn|NAME", arguments.what,
                     "test as a client: a profile, or the name of a joined one; without it this "
                     "host's server is tested");
  doctor->add_option("--dir", arguments.directory, "where the server's state lives")
      ->capture_default_str();
  doctor->add_option("--config", arguments.configuration, "the server's configuration");
  doctor->add_option("--profile", arguments.profile,
                     "test the server as this client instead of with a certificate of one day");
  doctor->add_option("--host", arguments.hosts, "a host on the far side that answers ping")
      ->allow_extra_args(false);
  doctor
      ->add_option("--log", arguments.log,
                   "what the log of a server or a client says of handshakes that failed: a file, "
                   "the pid of a running adit, or - to read one")
      ->type_name("FILE|PID");
  doctor->add_option("--role", arguments.role, "whose log it is, if it does not tell itself")
      ->check(CLI::IsMember({"server", "client"}));
  doctor->add_option("--patience", arguments.patience, "seconds for a server that does not answer")
      ->capture_default_str()
      ->check(CLI::Range(0.5, 120.0));
  doctor->add_option("--throughput", arguments.throughput, "seconds it is measured; 0: not at all")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 60.0));
  doctor->add_option("--wait", arguments.wait, "seconds for a running client to come up")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 120.0));
  doctor->add_flag("--json", arguments.json, "for programs");
  doctor->callback([&] { status = run_doctor(arguments); });
  return held;
}

}  // namespace adit::app
