#include "app/kill_switch.h"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/client_remotes.h"
#include "base/json.h"
#include "base/text.h"
#include "firewall/load.h"
#include "firewall/nftables.h"
#include "system/network_namespace.h"
#include "system/resolver.h"
#include "system/store.h"

namespace adit::app {

namespace {

constexpr unsigned private_folder = 0700;
constexpr const char* switch_folder = "/run/adit";
constexpr const char* how_to_open = "\"adit firewall unload --owner kill-switch\" opens it";

// One switch for each network namespace.
std::string state_path(std::string_view ending) {
  return fmt::format("{}/kill-switch-{}.{}", switch_folder, system::network_namespace(), ending);
}

std::vector<ip::Prefix> near_networks(Runtime& runtime) {
  std::vector<ip::Prefix> found;
  for (const char* always : {"224.0.0.0/24", "fe80::/10", "ff02::/16"}) {
    found.push_back(*ip::Prefix::parse(always));
  }
  for (const ports::LocalNetwork& one : runtime.network->local_networks()) {
    if (one.device != "lo") found.push_back(ip::Prefix::of(one.address, one.prefix_length));
  }
  return found;
}

}  // namespace

Result<std::unique_ptr<KillSwitch>> KillSwitch::close(Runtime& runtime,
                                                      const options::Config& config) {
  std::unique_ptr<KillSwitch> made(new KillSwitch(runtime.log));
  const auto owners = firewall::owners();
  if (!owners) return fail_because("kill-switch", owners.error());
  if (!made->take_lock()) {
    return fail_with({"kill-switch: another adit on this host has it",
                      "only one tunnel at a time can be all that leaves"});
  }
  made->was_closed_ = std::ranges::find(*owners, made->rules_.owner) != owners->end();
  if (made->was_closed_) {
    runtime.log.info(1, "kill-switch: it is still closed from before");
    made->read_known();
  }
  if (Status closed = made->adopt(runtime, config); !closed) return fail_with(closed.error());
  made->write_known();
  return made;
}

bool KillSwitch::take_lock() {
  ::mkdir(switch_folder, private_folder);
  lock_ = system::Fd(::open(state_path("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                            system::private_mode));
  return !lock_ || flock(lock_.get(), LOCK_EX | LOCK_NB) == 0;
}

Status KillSwitch::adopt(Runtime& runtime, const options::Config& config) {
  rules_.ends.clear();
  rules_.lans = config.kill_switch.allow_lan ? near_networks(runtime) : std::vector<ip::Prefix>{};
  for (const options::Connection& connection : remotes_of(config)) {
    const bool tcp = connection.proto.is_tcp();
    if (connection.http_proxy) {
      add_end(connection.http_proxy->host, connection.http_proxy->port, true, {});
    } else if (connection.socks_proxy) {
      add_end(connection.socks_proxy->host, connection.socks_proxy->port, true, {});
      if (!tcp) add_relay(connection.socks_proxy->host, connection.remote);
    } else if (!connection.remote.empty()) {
      add_end(connection.remote, connection.remote_port, tcp, connection.proto.family);
    }
  }
  if (rules_.ends.empty()) {
    return fail_with({"kill-switch: no server's address is known, so nothing could ever leave",
                      was_closed_ ? how_to_open : "check the remote lines and the network"});
  }
  if (Status loaded = load(); !loaded) return loaded;
  was_closed_ = true;
  log_.info(1, "kill-switch: closed; only the tunnel and its server{} can be reached",
            config.kill_switch.allow_lan ? ", and networks this host lies in," : "");
  return {};
}

void KillSwitch::add_end(const std::string& host, const std::string& port, bool tcp,
                         std::optional<ip::Family> family) {
  const auto number = to_number<std::uint16_t>(port);
  if (!number) return;
  look_up(host, family);
  for (const ip::Address& address : addresses(host, family)) {
    rules_.ends.push_back({{address, *number, 0}, tcp});
  }
}

// Datagrams go to a port that the proxy chooses; and the server's name is looked up here.
void KillSwitch::add_relay(const std::string& proxy, const std::string& server) {
  look_up(server, ip::Family::v4);
  for (const ip::Address& address : addresses(proxy, {})) {
    rules_.ends.push_back({{address, 0, 0}, false});
  }
}

void KillSwitch::look_up(const std::string& host, std::optional<ip::Family> family) {
  if (!addresses(host, family).empty()) return;
  if (was_closed_) {
    return log_.warn("kill-switch: {} cannot be looked up while it is closed; {}", host,
                     how_to_open);
  }
  const auto found = system::Resolver::ask_host(host, family);
  if (!found) return log_.warn("kill-switch: {}", found.error().text());
  auto& all = known_[host];
  all.insert(all.end(), found->begin(), found->end());
}

std::vector<ip::Address> KillSwitch::addresses(const std::string& host,
                                               std::optional<ip::Family> family) const {
  std::vector<ip::Address> found;
  if (const auto literal = ip::Address::parse(host)) {
    found.push_back(*literal);
  } else if (const auto known = known_.find(host); known != known_.end()) {
    found = known->second;
  }
  std::erase_if(found, [&](const ip::Address& one) { return family && one.family() != *family; });
  return found;
}

Status KillSwitch::load() {
  Status loaded = firewall::apply_ruleset(firewall::render(rules_));
  return loaded ? loaded : fail_because("kill-switch", loaded.error());
}

void KillSwitch::follow(const std::string& device) {
  const bool same = device.empty() ? rules_.devices.empty()
                                   : rules_.devices.size() == 1 && rules_.devices[0] == device;
  if (same) return;
  rules_.devices.clear();
  if (!device.empty()) rules_.devices.push_back(device);
  if (Status loaded = load(); !loaded) log_.error("{}", loaded.error().text());
}

void KillSwitch::open() {
  if (Status gone = firewall::unload(rules_.owner); !gone) {
    log_.error("kill-switch: {}", gone.error().text());
    return;
  }
  unlink(state_path("json").c_str());
  log_.info(1, "kill-switch: open");
}

void KillSwitch::read_known() {
  std::ifstream file(state_path("json"));
  if (!file) return;
  try {
    const Json whole = Json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    for (const std::string& host : whole.keys()) {
      for (const Json& one : whole[host]) {
        if (const auto address = ip::Address::parse(one.get<std::string>())) {
          known_[host].push_back(*address);
        }
      }
    }
  } catch (const JsonError&) {
    known_.clear();
  }
}

void KillSwitch::write_known() const {
  Json whole = Json::object();
  for (const auto& [host, addresses] : known_) {
    for (const ip::Address& address : addresses) whole[host].push_back(address.text());
  }
  const Status written =
      system::write_file_atomically(state_path("json"), whole.dump() + "\n", system::private_mode);
  if (!written) log_.warn("kill-switch: cannot remember addresses: {}", written.error().text());
}

Status settle_kill_switch(Runtime& runtime, const options::Config& config) {
  if (!config.kill_switch.on) {
    if (runtime.kill_switch) runtime.kill_switch->open();
    runtime.kill_switch.reset();
    return {};
  }
  if (runtime.kill_switch) return runtime.kill_switch->adopt(runtime, config);
  auto closed = KillSwitch::close(runtime, config);
  if (!closed) return fail_with(closed.error());
  runtime.kill_switch = std::move(*closed);
  return {};
}

void leave_kill_switch(Runtime& runtime, bool wanted) {
  if (!runtime.kill_switch) return;
  if (wanted) {
    runtime.kill_switch->open();
  } else {
    runtime.log.warn("kill-switch: stays closed; start adit again, or: {}", how_to_open);
  }
  runtime.kill_switch.reset();
}

}  // namespace adit::app
