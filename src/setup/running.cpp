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

Result<std::string> reload(Host& host, const Running& running) {
  if (running.pid) {
    host.hang_up(*running.pid);
    return fmt::format(
        "the running server (pid {}) reads its configuration again; clients reconnect by "
        "themselves",
        *running.pid);
  }
  if (running.unit.empty()) return std::string("no server runs here now; the next start has it");
  const ProgramEnd end = host.run({"systemctl", "reload", running.unit});
  if (end.status != 0) {
    return fail_with({fmt::format("{} did not take it up: {}", running.unit, trim(end.text)),
                      "restart it: systemctl restart " + running.unit});
  }
  return running.unit + " reads its configuration again; clients reconnect by themselves";
}

}  // namespace adit::setup
