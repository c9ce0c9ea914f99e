#include "doctor/host_stages.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::doctor {

namespace {

constexpr const char *process_id = "process", *process_name = "server runs";

const char* sysctl_of(ip::Family family) {
  return family == ip::Family::v4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
}

bool tunnel_has(const options::Config& server, ip::Family family) {
  return family == ip::Family::v4 ? server.server.network || server.device.ifconfig
                                  : server.server.network6 || server.device.ifconfig_ipv6;
}

// redirect-gateway takes IPv4 unless it says !ipv4, and IPv6 where it says ipv6.
bool takes_the_world(const options::Config& server, ip::Family family) {
  return std::ranges::any_of(server.server.push, [&](const std::string& line) {
    const auto words = split(line, ' ');
    const auto says = [&](std::string_view flag) {
      return std::ranges::find(words, flag) != words.end();
    };
    if (words.front() != "redirect-gateway") return false;
    return family == ip::Family::v4 ? !says("!ipv4") : says("ipv6");
  });
}

bool forwards(const options::Config& server, const std::vector<FarNetwork>& networks,
              ip::Family family) {
  const bool elsewhere =
      tunnel_has(server, family == ip::Family::v4 ? ip::Family::v6 : ip::Family::v4);
  if (elsewhere && !tunnel_has(server, family)) return false;
  return takes_the_world(server, family) ||
         std::ranges::any_of(networks, [&](const FarNetwork& one) {
           return one.network.length > 0 && one.network.address.family() == family;
         });
}

}  // namespace

std::vector<ip::Family> forwarded_families(const options::Config& server,
                                           const std::vector<FarNetwork>& networks) {
  std::vector<ip::Family> families;
  for (const ip::Family family : {ip::Family::v4, ip::Family::v6}) {
    if (forwards(server, networks, family)) families.push_back(family);
  }
  return families;
}

std::string cure_of_forwarding(ip::Family family) {
  return fmt::format("sysctl -w {}=1, and the same in /etc/sysctl.d", sysctl_of(family));
}

void test_forwarding(Report& report, const std::vector<ip::Family>& families,
                     ports::NetworkPort& network) {
  constexpr const char* id = "forwarding";
  std::vector<std::string> on;
  for (const ip::Family family : families) {
    if (!network.forwarding_enabled(family)) {
      return report.failed(id, id,
                           fmt::format("{} is 0: this host forwards no IPv{}", sysctl_of(family),
                                       static_cast<int>(family)),
                           cure_of_forwarding(family));
    }
    on.push_back(fmt::format("{} is 1", sysctl_of(family)));
  }
  if (!on.empty()) report.ok(id, id, join(on, ", "));
}

void test_process(Report& report, const PortHolder& holder) {
  const std::string& port = holder.port;
  if (!holder.who && holder.held) {
    return report.not_tested(process_id, process_name,
                             port + " is held by a program that only root can see",
                             "run this as root to learn which");
  }
  if (!holder.who) {
    return report.failed(
        process_id, process_name, "no program holds " + port,
        "start it: systemctl start adit-server@server, or adit --config " + holder.configuration);
  }
  const bool known = holder.who->starts_with("adit") || holder.who->starts_with("openvpn");
  if (known) return report.ok(process_id, process_name, *holder.who + " holds " + port);
  report.failed(process_id, process_name, port + " is held by " + *holder.who,
                "end that program, or give the server another port");
}

}  // namespace adit::doctor
