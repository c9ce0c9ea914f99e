#include "setup/running.h"

#include "base/text.h"
#include "setup/firewall_plan.h"
#include "setup/state.h"
#include "setup/unit_file.h"

namespace adit::setup {

std::string unit_of(const std::string& dir) {
  return unit_name(UnitFile::Kind::server, instance_of(dir));
}

std::string pid_file(const std::string& dir) { return dir + "/state/server.pid"; }

Running running_server(Host& host, const std::string& dir, const std::string& unit) {
  Running running;
  const auto file = host.read_file(pid_file(dir));
  if (file && *file) {
    const auto pid = to_number<int>(trim((*file)->text));
    if (pid && host.runs_adit(*pid)) running.pid = pid;
  }
  if (host.has_systemd() && activity_of(host, unit) != Activity::inactive) {
    running.unit = unit;
  }
  return running;
}

namespace {

std::optional<int> main_process(Host& host, const std::string& unit) {
  const ProgramEnd end = host.run({"systemctl", "show", "-p", "MainPID", "--value", unit});
  const auto pid = to_number<int>(trim(end.text));
  return end.status == 0 && pid && *pid > 0 ? pid : std::nullopt;
}

// Options that wait for a restart, each once.
std::string waiting(const options::ReloadReport& report) {
  const auto names = options::kept_until_restart(report.changes);
  return join({names.begin(), names.end()}, ", ");
}

Result<std::string> reload_process(Host& host, int pid) {
  const auto report = host.reload_server(pid);
  using Outcome = options::ReloadReport::Outcome;
  if (!report || report->outcome() == Outcome::needs_restart) {
    host.hang_up(pid);
    return fmt::format("the running server (pid {}) begins anew with its configuration{}; {}", pid,
                       report ? ", which " + waiting(*report) + " needs" : "",
                       "clients reconnect by themselves");
  }
  if (report->outcome() == Outcome::refused) {
    return fail_with({fmt::format("the running server (pid {}) did not take it up: {}", pid,
                                  report->errors.front()),
                      "it goes on as before; correct that, then: adit reload"});
  }
  if (!report->failures.empty()) {
    return fail("the running server (pid {}) could not carry out: {}", pid,
                join(report->failures, "; "));
  }
  return fmt::format("the running server (pid {}) has taken it up; {} client{} connected", pid,
                     report->clients, report->clients == 1 ? " stays" : "s stay");
}

}  // namespace

Result<std::string> reload(Host& host, const Running& running) {
  if (running.pid) return reload_process(host, *running.pid);
  if (running.unit.empty()) return std::string("no server runs here now; the next start has it");
  if (const auto pid = main_process(host, running.unit)) return reload_process(host, *pid);
  return running.unit + " is about to start and reads it then";
}

}  // namespace adit::setup
