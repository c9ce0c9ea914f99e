#include "app/reload_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/command_words.h"
#include "base/text.h"
#include "node/instance_facts.h"
#include "options/reload_report.h"
#include "system/status_socket.h"

namespace adit::app {

class ReloadArguments {
 public:
  std::string name, config, dir;
  bool all = false, json = false, dry_run = false;
};

namespace {

namespace fs = std::filesystem;
using options::ReloadReport;

// A script tells by these what has become of it. The worst of several servers counts.
constexpr int refused = 1;
constexpr int needs_restart = 3;
constexpr int incomplete = 4;

struct Server {
  int pid = 0;
  std::string configuration;  // whole path, as far as it can be told
};

// It was named as seen from where the process started.
std::string whole_path(int pid, const std::string& path) {
  std::error_code gone;
  const fs::path base = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), gone);
  const fs::path whole = fs::weakly_canonical(gone ? fs::path(path) : base / path, gone);
  return gone ? path : whole.string();
}

std::vector<Server> running_servers() {
  std::vector<Server> servers;
  const std::string folder = system::status_folder();
  for (const int pid : system::instances_in(folder)) {
    const auto document = system::ask_instance(folder, pid);
    if (!document) continue;
    const auto facts = node::parse_facts(*document);
    if (!facts || facts->role != "server") continue;
    servers.push_back({pid, whole_path(pid, facts->configuration)});
  }
  return servers;
}

std::string stem_of(const std::string& path) { return fs::path(path).stem().string(); }

bool is_meant(const Server& server, const ReloadArguments& given) {
  std::error_code gone;
  if (!given.config.empty()) {
    return server.configuration == fs::weakly_canonical(fs::absolute(given.config), gone);
  }
  if (!given.dir.empty()) {
    const fs::path file = fs::absolute(given.dir) / "server.conf";
    return server.configuration == fs::weakly_canonical(file, gone);
  }
  if (given.name.empty()) return true;
  if (const auto pid = to_number<int>(given.name)) return server.pid == *pid;
  return stem_of(server.configuration) == given.name;
}

std::string listed(const std::vector<Server>& servers) {
  std::vector<std::string> all;
  all.reserve(servers.size());
  for (const Server& server : servers) {
    all.push_back(fmt::format("{} (pid {}, {})", printable(stem_of(server.configuration)),
                              server.pid, printable(server.configuration)));
  }
  return join(all, ", ");
}

Result<std::vector<Server>> chosen(const ReloadArguments& given) {
  const std::vector<Server> all = running_servers();
  std::vector<Server> meant;
  std::ranges::copy_if(all, std::back_inserter(meant),
                       [&](const Server& one) { return given.all || is_meant(one, given); });
  if (meant.size() > 1 && !given.all) {
    return fail_with({"more than one server is meant: " + listed(meant),
                      "say which: adit reload NAME, PID or --config FILE; or --all"});
  }
  if (!meant.empty()) return meant;
  if (!all.empty()) return fail_with({"no such server runs here", "those run: " + listed(all)});
  return fail_with(
      {"no server of adit is running (none has a socket in " + system::status_folder() + ")",
       "adit status shows what runs; it takes root to see it"});
}

int status_of(const ReloadReport& report) {
  switch (report.outcome()) {
    case ReloadReport::Outcome::refused:
      return refused;
    case ReloadReport::Outcome::needs_restart:
      return needs_restart;
    case ReloadReport::Outcome::unchanged:
    case ReloadReport::Outcome::applied:
      break;
  }
  return report.failures.empty() ? 0 : incomplete;
}

// What matters most to who asked: nothing at all, no answer, a part.
int worse(int a, int b) {
  constexpr int order[] = {0, incomplete, needs_restart, exit_no_answer, refused};
  const auto rank = [&](int status) { return std::ranges::find(order, status); };
  return rank(a) < rank(b) ? b : a;
}

Result<ReloadReport> ask_for_reload(const Server& server, bool dry_run) {
  const auto answer = system::request_of_instance(system::status_folder(), server.pid,
                                                  options::reload_request(dry_run));
  if (!answer) return fail_with(answer.error());
  return options::parse_report(*answer);
}

int run_reload(const ReloadArguments& given) {
  const auto servers = chosen(given);
  if (!servers) return complain(servers.error(), refused);
  int status = 0;
  std::vector<std::string> texts;
  for (const Server& server : *servers) {
    const auto report = ask_for_reload(server, given.dry_run);
    if (!report) {
      status = worse(status, complain(report.error(), exit_no_answer));
      continue;
    }
    status = worse(status, status_of(*report));
    texts.push_back(given.json ? options::render_json(*report) : options::render(*report));
  }
  const std::string all = given.json ? "[" + join(texts, ",") + "]\n" : join(texts, "\n");
  if (!texts.empty()) std::fputs(all.c_str(), stdout);
  return status;
}

}  // namespace

std::shared_ptr<ReloadArguments> add_reload(CLI::App& root, int& status) {
  auto held = std::make_shared<ReloadArguments>();
  ReloadArguments& given = *held;
  CLI::App* reload = root.add_subcommand(
      "reload", "a running server takes up its changed configuration; nobody is dropped");
  CLI::Option* name = reload->add_option(
      "NAME", given.name, "of the configuration file without its ending, or the process id");
  CLI::Option* config = reload->add_option("--config", given.config, "the configuration file");
  CLI::Option* dir = reload->add_option("--dir", given.dir, "the folder that adit up made");
  CLI::Option* all = reload->add_flag("--all", given.all, "every server that runs here");
  const std::vector<CLI::Option*> ways{name, config, dir, all};
  for (CLI::Option* one : ways) {
    for (CLI::Option* other : ways) {
      if (one != other) one->excludes(other);
    }
  }
  reload->add_flag("--dry-run", given.dry_run, "only say what would become of each change");
  reload->add_flag("--json", given.json, "for programs");
  reload->footer(
      "Exit status: 0 when all is taken up, 1 nothing was changed (errors, or no such server), 2 "
      "wrong "
      "use or no answer, 3 something waits for a restart, 4 something could not be carried out.");
  reload->callback([&status, &given] { status = run_reload(given); });
  return held;
}

}  // namespace adit::app
