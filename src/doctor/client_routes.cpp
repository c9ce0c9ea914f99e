#include "doctor/client_routes.h"

#include <algorithm>

namespace adit::doctor {

namespace {

constexpr std::size_t most_networks = 16;

std::optional<ip::Prefix> prefix_of(const options::RouteLine& line) {
  const auto address = ip::Address::parse_v4(line.network);
  if (!address) return std::nullopt;
  const auto mask = line.netmask.empty() || line.netmask == "default"
                        ? std::optional(ip::netmask_of_length(32))
                        : ip::Address::parse_v4(line.netmask);
  const auto length = mask ? ip::prefix_length_of_netmask(*mask) : std::nullopt;
  if (!length) return std::nullopt;
  return ip::Prefix::of(*address, *length);
}

void add_host(std::vector<ip::Address>& hosts, const std::optional<ip::Address>& host) {
  if (host && std::ranges::find(hosts, *host) == hosts.end()) hosts.push_back(*host);
}

std::vector<ip::Prefix> routes_of(const options::Pulled& pulled) {
  std::vector<ip::Prefix> routes;
  for (const options::RouteLine& line : pulled.routes.v4) {
    if (const auto prefix = prefix_of(line)) routes.push_back(*prefix);
  }
  for (const options::RouteLine6& line : pulled.routes.v6) {
    if (const auto prefix = ip::Prefix::parse(line.prefix)) routes.push_back(*prefix);
  }
  return routes;
}

// Where routers usually are.
std::vector<ip::Address> likely_hosts(const ip::Prefix& network) {
  if (network.is_host()) return {network.address};
  std::vector<ip::Address> hosts{network.address.plus(1)};
  constexpr std::uint8_t usual = 24;
  if (network.address.is_v4() && network.length == usual) {
    hosts.push_back(network.address.plus(254));
  }
  return hosts;
}

}  // namespace

// With net30 a client has no word for the server's address: it is the first of a pushed route.
InsidePlan plan_of(const options::Pulled& pulled, const node::ClientSetup& setup) {
  InsidePlan plan;
  const options::Device& device = pulled.device;
  const auto topology = device.topology.value_or(options::Topology::net30);
  if (device.ifconfig) {
    plan.own4 = ip::Address::parse_v4(device.ifconfig->first);
    if (topology != options::Topology::subnet) {
      for (const ip::Prefix& route : routes_of(pulled)) {
        if (!route.address.is_v4() || !plan.own4) continue;
        if (route.is_host())
          add_host(plan.far_end, route.address);
        else if (route.contains(*plan.own4))
          add_host(plan.far_end, route.address.plus(1));
      }
      add_host(plan.far_end, ip::Address::parse_v4(device.ifconfig->second));
    } else {
      add_host(plan.far_end, ip::Address::parse_v4(pulled.routes.gateway));
    }
  }
  if (device.ifconfig_ipv6) {
    const std::string& own = device.ifconfig_ipv6->first;
    plan.own6 = ip::Address::parse_v6(own.substr(0, own.find('/')));
    add_host(plan.far_end, ip::Address::parse_v6(device.ifconfig_ipv6->second));
  }
  plan.mtu = pulled.tun_mtu.value_or(setup.mtu.tun_mtu);
  if (setup.mtu.fragment)
    plan.no_size = "the profile has \"fragment\": every size passes, in pieces";
  return plan;
}

std::vector<FarNetwork> named_networks(const std::vector<ip::Address>& hosts) {
  std::vector<FarNetwork> networks;
  for (const ip::Address& host : hosts) {
    networks.push_back({"host " + host.text(), ip::Prefix::host(host), {host}, {}});
  }
  return networks;
}

std::vector<FarNetwork> far_networks(const options::Pulled& pulled, const InsidePlan& plan,
                                     const std::vector<ip::Address>& hosts) {
  std::vector<FarNetwork> networks;
  std::vector<ip::Address> rest = hosts;
  for (const ip::Prefix& route : routes_of(pulled)) {
    const auto own = own_towards(plan, route.address);
    const bool of_tunnel = (own && route.contains(*own)) ||
                           std::ranges::any_of(plan.far_end, [&](const ip::Address& far) {
                             return route == ip::Prefix::host(far);
                           });
    if (of_tunnel || networks.size() == most_networks) continue;
    FarNetwork network{"network " + route.text(), route, {}, likely_hosts(route)};
    std::erase_if(rest, [&](const ip::Address& host) {
      if (!route.contains(host)) return false;
      network.named.push_back(host);
      return true;
    });
    networks.push_back(std::move(network));
  }
  for (FarNetwork& one : named_networks(rest)) networks.push_back(std::move(one));
  return networks;
}

}  // namespace adit::doctor
