#include "node/server_hints.h"

#include <algorithm>

#include "base/text.h"
#include "node/channel_setup.h"
#include "options/client_profile.h"
#include "policy/client_plan.h"

namespace adit::node {

namespace {

constexpr std::size_t most_files = 1000;  // of which each is read at the start

std::vector<options::NamedProfile> read_profiles(const options::Config& config,
                                                 ports::StorePort& store,
                                                 std::vector<std::string>& hints) {
  std::vector<options::NamedProfile> profiles;
  const std::string& folder = config.server.ccd;
  if (folder.empty()) return profiles;
  for (const std::string& name : store.list(folder, most_files)) {
    const std::string path = folder + "/" + name;
    const auto text = store.read(path);
    if (!text) continue;
    auto parsed = options::parse_client_profile(*text, path, config);
    for (const options::Issue& issue : parsed.issues) hints.push_back(issue.text());
    if (config.device.is_tap()) parsed.profile.iroutes.clear();  // it is told when the client comes
    profiles.push_back({path, std::move(parsed.profile)});
  }
  return profiles;
}

// "route 192.168.1.0 255.255.255.0" leads to a host behind the server; the tunnel's own network
// does not.
bool leads_beyond(const std::string& pushed, const options::Config& config) {
  const auto words = split(pushed, ' ');
  if (words.size() < 2 || words[0] != "route") return false;
  const auto address = ip::Address::parse_v4(words[1]);
  const auto& own = config.server.network;
  return !address || !own || !own->contains(*address);
}

bool leads_into_tunnel(const options::RouteLine& line, const options::Config& config) {
  const auto network = ip::Address::parse_v4(line.network);
  const auto& own = config.server.network;
  const bool elsewhere = !line.gateway.empty() && line.gateway != "default";
  return !elsewhere && (!network || !own || !own->contains(*network));
}

bool needs_forwarding(const options::Config& config,
                      const std::vector<options::NamedProfile>& profiles) {
  const auto routes_beyond = [&](const options::RouteLine& line) {
    return leads_into_tunnel(line, config);
  };
  const auto pushes_beyond = [&](const std::string& line) { return leads_beyond(line, config); };
  const auto has_network = [](const options::NamedProfile& named) {
    return !named.profile.iroutes.empty();
  };
  return std::ranges::any_of(config.server.push, pushes_beyond) ||
         std::ranges::any_of(config.routes.v4, routes_beyond) ||
         std::ranges::any_of(profiles, has_network);
}

bool pushes_world(const options::Config& config, ip::Family family) {
  return std::ranges::any_of(config.server.push, [&](const std::string& line) {
    const auto words = split(line, ' ');
    if (words.front() != "redirect-gateway") return false;
    const auto is = [&](std::string_view word) {
      return std::ranges::find(words, word) != words.end();
    };
    return family == ip::Family::v6 ? is("ipv6") : !is("!ipv4");
  });
}

bool needs_forwarding6(const options::Config& config,
                       const std::vector<options::NamedProfile>& profiles) {
  const auto& own = config.server.network6;
  const auto pushes_beyond = [&](const std::string& line) {
    const auto words = split(line, ' ');
    if (words.size() < 2 || words[0] != "route-ipv6") return false;
    const auto network = ip::Prefix::parse(words[1]);
    return !own || !network || !own->contains(network->address);
  };
  return std::ranges::any_of(config.server.push, pushes_beyond) ||
         std::ranges::any_of(profiles, [](const options::NamedProfile& named) {
           return std::ranges::any_of(named.profile.iroutes, [](const options::Iroute& iroute) {
             return iroute.prefix.address.is_v6();
           });
         });
}

}  // namespace

bool needs_forwarding(const options::Config& config, ports::StorePort& store, ip::Family family) {
  std::vector<std::string> ignored;
  const auto profiles = read_profiles(config, store, ignored);
  if (pushes_world(config, family)) return true;
  return family == ip::Family::v6 ? needs_forwarding6(config, profiles)
                                  : needs_forwarding(config, profiles);
}

std::vector<std::string> server_hints(const options::Config& config, ports::StorePort& store,
                                      bool forwards) {
  std::vector<std::string> hints;
  const auto profiles = read_profiles(config, store, hints);
  for (const options::Issue& issue : options::check_profiles(profiles, config)) {
    hints.push_back(issue.text());
  }
  if (!forwards && needs_forwarding(config, profiles)) {
    hints.emplace_back(
        "net.ipv4.ip_forward=0: hosts behind this server or its clients will not be reachable; set "
        "it with: sysctl -w net.ipv4.ip_forward=1");
  }
  return hints;
}

std::string advice_on_source(const options::Config& config, std::string_view common_name,
                             const ip::Address& source) {
  constexpr std::uint8_t usual_v4 = 24, usual_v6 = 64;
  const ip::Prefix lan = ip::Prefix::of(source, source.is_v4() ? usual_v4 : usual_v6);
  const std::string network = lan.address.is_v4()
                                  ? " " + lan.address.text() + " " + lan.netmask().text()
                                  : "-ipv6 " + lan.text();
  const std::string folder = config.server.ccd.empty() ? "DIR" : config.server.ccd;
  const std::string file = folder + "/" + policy::ccd_file_name(common_name).value_or("DEFAULT");
  std::string advice = fmt::format(
      "dropped packets of {} from {}, which is no address of it: if its network is meant to be "
      "reached, add \"iroute{}\" to {} and \"route{}\" to the server's configuration (or SNAT on "
      "the client)",
      common_name, source.text(), network, file, network);
  if (config.server.ccd.empty()) advice += "; \"client-config-dir DIR\" names the directory";
  return advice;
}

}  // namespace adit::node
