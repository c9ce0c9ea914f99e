#include "doctor/client_routes.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace adit::doctor {

namespace {

constexpr std::size_t most_networks = 16;

void add_host(std::vector<ip::Address>& hosts, const std::optional<ip::Address>& host) {
  if (host && std::ranges::find(hosts, *host) == hosts.end()) hosts.push_back(*host);
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

std::vector<ip::Prefix> routes_of(const options::Pulled& pulled) {
  std::vector<ip::Prefix> routes;
  for (const options::RouteLine& line : pulled.routes.v4) {
    if (const auto prefix = ip::Prefix::parse(line.network, line.netmask))
      routes.push_back(*prefix);
  }
  for (const options::RouteLine6& line : pulled.routes.v6) {
    if (const auto prefix = ip::Prefix::parse(line.prefix)) routes.push_back(*prefix);
  }
  return routes;
}

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

std::vector<ip::Prefix> tunnel_networks(const options::Pulled& pulled, const InsidePlan& plan) {
  std::vector<ip::Prefix> networks;
  const options::Device& device = pulled.device;
  if (plan.own4 && device.topology == options::Topology::subnet && device.ifconfig) {
    const auto mask = ip::Address::parse_v4(device.ifconfig->second);
    const auto length = mask ? ip::prefix_length_of_netmask(*mask) : std::nullopt;
    if (length) networks.push_back(ip::Prefix::of(*plan.own4, *length));
  } else {
    for (const ip::Address& end : plan.far_end) networks.push_back(ip::Prefix::host(end));
  }
  if (plan.own6 && device.ifconfig_ipv6) {
    const auto prefix = ip::Prefix::parse(device.ifconfig_ipv6->first);
    if (prefix) networks.push_back(ip::Prefix::of(prefix->address, prefix->length));
  }
  return networks;
}

void take_named(FarNetwork& network, std::vector<ip::Address>& hosts) {
  std::erase_if(hosts, [&](const ip::Address& host) {
    if (!network.network.contains(host)) return false;
    network.named.push_back(host);
    return true;
  });
}

std::vector<FarNetwork> named_networks(const std::vector<ip::Address>& hosts) {
  std::vector<FarNetwork> networks;
  networks.reserve(hosts.size());
  for (const ip::Address& host : hosts) {
    networks.push_back({"host " + host.text(), ip::Prefix::host(host), {host}, {}});
  }
  return networks;
}

std::vector<FarNetwork> far_networks_of(const std::vector<ip::Prefix>& far,
                                        const std::vector<ip::Address>& hosts) {
  std::vector<FarNetwork> networks;
  std::vector<ip::Address> rest = hosts;
  for (const ip::Prefix& route : far) {
    if (networks.size() == most_networks) break;
    FarNetwork network{"network " + route.text(), route, {}, likely_hosts(route)};
    take_named(network, rest);
    networks.push_back(std::move(network));
  }
  for (FarNetwork& one : named_networks(rest)) networks.push_back(std::move(one));
  return networks;
}

std::vector<FarNetwork> far_networks(const options::Pulled& pulled, const InsidePlan& plan,
                                     const std::vector<ip::Address>& hosts) {
  std::vector<ip::Prefix> far;
  for (const ip::Prefix& route : routes_of(pulled)) {
    const auto own = own_towards(plan, route.address);
    const bool of_tunnel = (own && route.contains(*own)) ||
                           std::ranges::any_of(plan.far_end, [&](const ip::Address& end) {
                             return route == ip::Prefix::host(end);
                           });
    if (!of_tunnel) far.push_back(route);
  }
  return far_networks_of(far, hosts);
}

namespace {

// A line of /proc/net/route: addresses are hexadecimal, their bytes turned round.
std::optional<ip::Address> turned(std::string_view hex) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  if (error != std::errc{} || end != hex.data() + hex.size()) return std::nullopt;
  return ip::Address::v4(__builtin_bswap32(value));
}

void take_route(std::string_view line, const std::string& device, DeviceView& view) {
  constexpr std::size_t destination_at = 1, gateway_at = 2, mask_at = 7;
  const auto words = split(line, '\t');
  if (words.size() <= mask_at || trim(words[0]) != device) return;
  const auto to = turned(trim(words[destination_at])), mask = turned(trim(words[mask_at]));
  const auto gateway = turned(trim(words[gateway_at]));
  const auto length = mask ? ip::prefix_length_of_netmask(*mask) : std::nullopt;
  if (!to || !length || !gateway) return;
  if (!gateway->is_unspecified()) add_host(view.plan.far_end, gateway);
  const ip::Prefix route = ip::Prefix::of(*to, *length);
  const bool whole = *length <= 1;  // all of the world
  const bool own = view.plan.own4 && route.contains(*view.plan.own4);
  if (!whole && !own && !route.is_host()) view.far.push_back(route);
}

}  // namespace

DeviceView view_of(const std::string& device, std::string_view routes,
                   ports::NetworkPort& network) {
  DeviceView view;
  std::optional<ip::Prefix> on_link;
  for (const ports::LocalNetwork& local : network.local_networks()) {
    if (local.device != device || local.address.is_link_local()) continue;
    auto& own = local.address.is_v4() ? view.plan.own4 : view.plan.own6;
    own = local.address;
    if (local.address.is_v4()) on_link = ip::Prefix::of(local.address, local.prefix_length);
  }
  for (const std::string_view line : split(routes, '\n')) take_route(line, device, view);
  // A server is usually the first of its network.
  if (view.plan.far_end.empty() && on_link && !on_link->is_host()) {
    add_host(view.plan.far_end, on_link->address.plus(1));
  }
  return view;
}

}  // namespace adit::doctor
