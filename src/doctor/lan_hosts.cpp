#include "doctor/lan_hosts.h"

#include <algorithm>

#include "base/text.h"
#include "ip/echo.h"

namespace adit::doctor {

namespace {

constexpr std::uint8_t smallest_searched = 24;
constexpr std::size_t most_found = 8;
// The kernel remembers for a while who did not answer, and has room for a thousand at most.
constexpr std::uint64_t group_size = 16;
constexpr std::size_t echo_bytes = 84;

void add(std::vector<ip::Prefix>& networks, const std::optional<ip::Prefix>& network) {
  if (network && std::ranges::find(networks, *network) == networks.end()) {
    networks.push_back(*network);
  }
}

// push "route 192.168.1.0 255.255.255.0", push "route-ipv6 fd00::/64"
std::optional<ip::Prefix> pushed_network(std::string_view text) {
  const auto parts = words(text);
  if (parts.size() >= 2 && parts[0] == "route") {
    return ip::Prefix::parse(parts[1], parts.size() > 2 ? parts[2] : "");
  }
  if (parts.size() >= 2 && parts[0] == "route-ipv6") return ip::Prefix::parse(parts[1]);
  return std::nullopt;
}

std::vector<ip::Prefix> networks_of_tunnel(const options::Config& server) {
  std::vector<ip::Prefix> inside;
  add(inside, server.server.network);
  add(inside, server.server.network6);
  for (const options::RouteLine& line : server.routes.v4) {
    add(inside, ip::Prefix::parse(line.network, line.netmask));
  }
  for (const options::RouteLine6& line : server.routes.v6) {
    add(inside, ip::Prefix::parse(line.prefix));
  }
  return inside;
}

bool is_own(const ip::Address& address, ports::NetworkPort& host) {
  return std::ranges::any_of(host.local_networks(), [&](const ports::LocalNetwork& local) {
    return local.address == address;
  });
}

}  // namespace

std::vector<ip::Prefix> lans_of(const options::Config& server) {
  std::vector<ip::Prefix> lans;
  for (const std::string& line : server.server.push) add(lans, pushed_network(line));
  for (const auto& [name, value] : server.scripts.variables) {
    if (name != "ADIT_LAN") continue;
    for (const std::string_view word : words(value)) add(lans, ip::Prefix::parse(word));
  }
  const auto inside = networks_of_tunnel(server);
  std::erase_if(lans, [&](const ip::Prefix& lan) {
    return std::ranges::any_of(inside, [&](const ip::Prefix& own) {
      return own.length <= lan.length && own.contains(lan.address);
    });
  });
  return lans;
}

std::vector<ip::Address> known_hosts(const ip::Prefix& network, std::string_view neighbours,
                                     ports::NetworkPort& host) {
  std::vector<ip::Address> hosts;
  const auto add_host = [&](const std::optional<ip::Address>& one) {
    if (one && network.contains(*one) && !is_own(*one, host) &&
        std::ranges::find(hosts, *one) == hosts.end()) {
      hosts.push_back(*one);
    }
  };
  for (const std::string_view line : split(neighbours, '\n')) {
    const auto parts = words(line);
    // IP address, HW type, Flags (0: it never answered), ...
    if (parts.size() >= 3 && parts[2] != "0x0") add_host(ip::Address::parse_v4(parts[0]));
  }
  for (const ports::Route& route : host.default_routes(network.address.family())) {
    add_host(route.gateway);
  }
  if (network.is_host()) add_host(network.address);
  return hosts;
}

std::vector<ip::Address> search_hosts(const ip::Prefix& network, Inside& direct, std::uint64_t mark,
                                      ports::NetworkPort& host, Duration patience) {
  std::vector<ip::Address> found;
  const auto locals = host.local_networks();
  const auto on_link = std::ranges::find_if(locals, [&](const ports::LocalNetwork& local) {
    return ip::Prefix::of(local.address, local.prefix_length) == network;
  });
  if (on_link == locals.end() || !network.address.is_v4()) return found;
  if (network.length < smallest_searched || network.length > 30) return found;
  const std::uint64_t last = (1u << (32 - network.length)) - 2;
  const auto groups = static_cast<Duration::rep>((last + group_size - 1) / group_size);
  for (std::uint64_t first = 1; first <= last && found.empty(); first += group_size) {
    for (std::uint64_t i = first; i <= std::min(last, first + group_size - 1); ++i) {
      const ip::Address to = network.address.plus(i);
      if (to == on_link->address) continue;
      static_cast<void>(direct.send(ip::echo_request(
          {on_link->address, to, mark, static_cast<std::uint16_t>(i)}, echo_bytes)));
    }
    const Instant until = direct.now() + patience / groups;
    while (const auto packet = direct.receive(until)) {
      const auto number = ip::answer_to(mark, *packet);
      if (number && found.size() < most_found) found.push_back(network.address.plus(*number));
    }
  }
  return found;
}

}  // namespace adit::doctor
