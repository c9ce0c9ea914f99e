#include "app/client_guard.h"

#include <algorithm>

#include "app/client_remotes.h"
#include "app/kill_switch.h"
#include "app/names_keeper.h"
#include "setup/resolv_conf.h"

namespace adit::app {

namespace {

// Whom the host asks, or systemd-resolved for it.
std::vector<std::string> name_servers(ports::StorePort& store) {
  std::string text = store.read("/etc/resolv.conf").value_or(std::string());
  if (setup::names_resolved_stub(text)) {
    text = store.read("/run/systemd/resolve/resolv.conf").value_or(std::string());
  }
  return setup::name_servers_of(text);
}

}  // namespace

void begin_names(Runtime& runtime, const options::Config& config) {
  if (!runtime.names) {
    recover_names(runtime.log);
    runtime.names = std::make_unique<NamesKeeper>(runtime.log);
  }
  runtime.names->adopt(config.scripts);
}

void keep_rights_for_names(Runtime& runtime, const options::Config& config) {
  using Choice = options::DnsUpdown;
  const options::Process& process = config.process;
  const bool goes = !process.user.empty() || !process.group.empty() || !process.chroot.empty();
  const options::Scripts& scripts = config.scripts;
  const bool by_up = scripts.up.defined() && scripts.dns_choice == Choice::usual;
  const bool unwanted =
      scripts.dns_choice == Choice::disable || (by_up && !scripts.dns_updown.defined());
  if (!runtime.names || runtime.rights_dropped || !goes || unwanted) return;
  runtime.names->prepare();
}

bool rest_guard(Runtime& runtime, const options::Config& config, node::Tunnel& tunnel) {
  follow_device(runtime, tunnel);
  if (runtime.kill_switch) return true;  // which knows them
  const auto remotes = remotes_of(config);
  const bool by_name = std::ranges::any_of(remotes, [](const options::Connection& one) {
    return !first_host(one).empty() && !ip::Address::parse(first_host(one));
  });
  if (!by_name) return true;
  tunnel.clear_names();
  return std::ranges::all_of(name_servers(runtime.store), [&](const std::string& server) {
    const auto address = ip::Address::parse(server);
    return !address || tunnel.leads_to(*address) || tunnel.keep_beside(*address);
  });
}

void follow_device(Runtime& runtime, const node::Tunnel& tunnel) {
  if (!runtime.kill_switch) return;
  runtime.kill_switch->follow(tunnel.is_up() ? tunnel.name() : std::string());
}

void end_guard(Runtime& runtime, const RunEnd& end, const Signal& signal) {
  if (end.next != RunEnd::Next::exit) return;
  const bool asked = signal.hard || signal.text == "exit-with-notification";
  const bool ends = signal.number == SIGTERM || signal.number == SIGINT;
  leave_kill_switch(runtime, ends && asked);
}

}  // namespace adit::app
