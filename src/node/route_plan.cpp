#include "node/route_plan.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::node {

namespace {

using ports::Route;

constexpr const char* all_of_v6[] = {"::/3", "2000::/4", "3000::/4", "fc00::/7"};

class Planner {
 public:
  Planner(const options::Routes& routes, const RouteFacts& facts)
      : routes_(routes), facts_(facts) {}

  RoutePlan plan() {
    set_gateways();
    std::size_t n = 1;
    if (routes_.redirect) redirect(*routes_.redirect);
    for (const options::RouteLine& line : routes_.v4) add_line(line, n);
    if (blocks_local()) block_local(n);
    n = 1;
    if (hides_v6_remote()) keep_v6_server_reachable(n);
    for (const options::RouteLine6& line : routes_.v6) add_line(line, n);
    if (redirects_v6()) redirect_v6(n);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool redirects_v6() const { return routes_.redirect && routes_.redirect->ipv6; }

  [[nodiscard]] bool blocks_local() const {
    return routes_.redirect && routes_.redirect->block_local && !routes_.redirect->no_ipv4;
  }

  // Scripts are told of gateways where there are routes that may need them.
  void set_gateways() {
    const bool v4 = !routes_.v4.empty() || routes_.redirect;
    const bool v6 = !routes_.v6.empty() || redirects_v6();
    if (v4 && facts_.net_gateway && facts_.net_gateway->gateway) {
      plan_.environment.set("route_net_gateway", facts_.net_gateway->gateway->text());
    }
    if (v6 && facts_.net_gateway6 && facts_.net_gateway6->gateway) {
      plan_.environment.set("net_gateway_ipv6", facts_.net_gateway6->gateway->text());
    }
    if (v4 && facts_.vpn_gateway) {
      plan_.environment.set("route_vpn_gateway", facts_.vpn_gateway->text());
    }
  }

  void add(const ip::Prefix& to, const std::optional<ip::Address>& gateway, std::string device,
           std::optional<std::uint32_t> metric) {
    Route route{to, gateway, std::move(device), metric, routes_.table};
    plan_.routes.push_back(std::move(route));
  }

  // ---- redirect-gateway ----

  void redirect(const options::RedirectGateway& flags) {
    plan_.redirects = !flags.no_ipv4;
    const bool local = flags.local || (flags.autolocal && remote_is_on_link());
    if (!local && !flags.no_ipv4) keep_server_reachable();
    if (flags.on && !flags.no_ipv4) redirect_v4(flags);
  }

  bool remote_is_on_link() const { return facts_.remote_path && !facts_.remote_path->gateway; }

  void keep_server_reachable() {
    if (!facts_.remote_host || !facts_.remote_path) {
      return redirect_problem("this host has no route to the server to keep beside the tunnel");
    }
    if (facts_.remote_host->is_v6()) return;
    if (!facts_.remote_path->gateway) return;  // on-link: the tunnel's routes do not cover it
    add_remote(std::nullopt);
  }

  // As it is reached now.
  void add_remote(std::optional<std::uint32_t> metric) {
    const ports::Path& path = *facts_.remote_path;
    add(ip::Prefix::host(*facts_.remote_host), path.gateway, path.device, metric);
    plan_.routes.back().onlink = path.onlink;
  }

  // Whether some route would take the tunnel's own packets into the tunnel.
  [[nodiscard]] bool hides_v6_remote() const {
    if (!facts_.remote_host || !facts_.remote_host->is_v6()) return false;
    const auto covers = [&](std::string_view network) {
      const auto prefix = ip::Prefix::parse(network);
      return prefix && prefix->contains(*facts_.remote_host);
    };
    return (redirects_v6() && std::ranges::any_of(all_of_v6, covers)) ||
           std::ranges::any_of(routes_.v6, covers, &options::RouteLine6::prefix);
  }

  // source: stock 2.6.14, for the metric and for what scripts hear of a neighbour
  void keep_v6_server_reachable(std::size_t& n) {
    constexpr std::uint32_t first_metric = 1;
    if (!facts_.remote_path) return;
    const auto& gateway = facts_.remote_path->gateway;
    add_remote(first_metric);
    tell_v6(n++, ip::Prefix::host(*facts_.remote_host),
            gateway ? gateway : ip::Address::parse_v6("::"), first_metric);
  }

  void redirect_v4(const options::RedirectGateway& flags) {
    if (!facts_.vpn_gateway) return redirect_problem("the tunnel has no gateway address");
    if (flags.def1) {
      add(*ip::Prefix::parse("0.0.0.0/1"), facts_.vpn_gateway, facts_.device, std::nullopt);
      add(*ip::Prefix::parse("128.0.0.0/1"), facts_.vpn_gateway, facts_.device, std::nullopt);
      return;
    }
    for (const Route& route : facts_.default_routes) {
      if (route.device != facts_.device) plan_.removed.push_back(route);
    }
    add(*ip::Prefix::parse("0.0.0.0/0"), facts_.vpn_gateway, facts_.device, std::nullopt);
  }

  void redirect_problem(const char* why) {
    plan_.problems.push_back(std::string("redirect-gateway: ") + why);
    plan_.redirect_failed = true;
  }

  // n: the number of the first in the variables.
  void redirect_v6(std::size_t n) {
    for (const char* prefix : all_of_v6) {
      const ip::Prefix to = *ip::Prefix::parse(prefix);
      add(to, std::nullopt, facts_.device, routes_.metric);
      tell_v6(n++, to, facts_.vpn_gateway6, routes_.metric);
    }
  }

  void tell_v4(std::size_t n, const ip::Prefix& to, const std::optional<ip::Address>& gateway,
               const std::optional<std::uint32_t>& metric) {
    const std::string suffix = "_" + std::to_string(n);
    plan_.environment.set("route_network" + suffix, to.address.text());
    plan_.environment.set("route_netmask" + suffix, to.netmask().text());
    if (gateway) plan_.environment.set("route_gateway" + suffix, gateway->text());
    if (metric) plan_.environment.set("route_metric" + suffix, std::to_string(*metric));
  }

  void tell_v6(std::size_t n, const ip::Prefix& to, const std::optional<ip::Address>& gateway,
               const std::optional<std::uint32_t>& metric) {
    const std::string suffix = "_" + std::to_string(n);
    plan_.environment.set("route_ipv6_network" + suffix, to.text());
    if (gateway) plan_.environment.set("route_ipv6_gateway" + suffix, gateway->text());
    if (metric) plan_.environment.set("route_ipv6_metric" + suffix, std::to_string(*metric));
  }

  // The LAN of the default gateway goes into the tunnel, in two halves; the gateway itself stays.
  // n: the number of the first in the variables.
  void block_local(std::size_t& n) {
    if (!facts_.net_gateway || !facts_.net_gateway->gateway || !facts_.vpn_gateway) return;
    const ip::Address& gateway = *facts_.net_gateway->gateway;
    for (const ports::LocalNetwork& lan : facts_.local_networks) {
      const auto prefix = ip::Prefix::of(lan.address, lan.prefix_length);
      if (!prefix.contains(gateway) || lan.device != facts_.net_gateway->device) continue;
      if (prefix.length >= 31) continue;
      add(ip::Prefix::host(gateway), gateway, lan.device, std::nullopt);
      const auto half = static_cast<std::uint8_t>(prefix.length + 1);
      const std::uint64_t step = std::uint64_t{1} << (32 - half);
      for (const ip::Address& first : {prefix.address.plus(step), prefix.address}) {
        const ip::Prefix to = ip::Prefix::of(first, half);
        add(to, facts_.vpn_gateway, facts_.device, std::nullopt);
        tell_v4(n++, to, facts_.vpn_gateway, std::nullopt);
      }
    }
  }

  // ---- single lines ----

  struct Gateway {
    std::optional<ip::Address> address;
    std::string device;
  };

  std::optional<Gateway> gateway_of(const options::RouteLine& line) {
    const std::string& word = line.gateway;
    if (word.empty() || word == "default" || word == "vpn_gateway") {
      if (facts_.vpn_gateway) return Gateway{facts_.vpn_gateway, facts_.device};
      problem(line.at, "route", line.network,
              "the tunnel has no gateway address; set ifconfig or route-gateway");
      return std::nullopt;
    }
    if (word == "net_gateway") {
      if (facts_.net_gateway)
        return Gateway{facts_.net_gateway->gateway, facts_.net_gateway->device};
      problem(line.at, "route", line.network, "this host has no default gateway (net_gateway)");
      return std::nullopt;
    }
    if (const auto address = ip::Address::parse_v4(word)) return Gateway{address, {}};
    problem(line.at, "route", line.network, "\"" + printable(word) + "\" is not a gateway address");
    return std::nullopt;
  }

  std::optional<ip::Address> network_of(const std::string& word) const {
    if (word == "vpn_gateway") return facts_.vpn_gateway;
    if (word == "net_gateway") {
      return facts_.net_gateway ? facts_.net_gateway->gateway : std::nullopt;
    }
    if (word == "remote_host") return facts_.remote_host;
    return ip::Address::parse_v4(word);
  }

  void add_line(const options::RouteLine& line, std::size_t& n) {
    const auto network = network_of(line.network);
    if (!network) return problem(line.at, "route", line.network, "is not a network address");
    std::uint8_t length = 32;
    if (!line.netmask.empty() && line.netmask != "default") {
      const auto mask = ip::Address::parse_v4(line.netmask);
      const auto parsed = mask ? ip::prefix_length_of_netmask(*mask) : std::nullopt;
      if (!parsed) {
        return problem(line.at, "route", line.network,
                       "\"" + printable(line.netmask) + "\" is not a netmask");
      }
      length = *parsed;
    }
    const auto gateway = gateway_of(line);
    if (!gateway) return;
    const auto metric = metric_of(line.metric);
    const ip::Prefix to = ip::Prefix::of(*network, length);
    add(to, gateway->address, gateway->device, metric);
    tell_v4(n++, to, gateway->address, metric);
  }

  void add_line(const options::RouteLine6& line, std::size_t& n) {
    const auto to = ip::Prefix::parse(line.prefix);
    if (!to || !to->address.is_v6()) {
      return problem(line.at, "route-ipv6", line.prefix, "is not an IPv6 network");
    }
    std::optional<ip::Address> gateway = facts_.vpn_gateway6;
    if (!line.gateway.empty() && line.gateway != "default") {
      gateway = ip::Address::parse_v6(line.gateway);
      if (!gateway) {
        return problem(line.at, "route-ipv6", line.prefix,
                       "\"" + printable(line.gateway) + "\" is not an IPv6 gateway");
      }
    }
    const auto metric = metric_of(line.metric);
    // Without a second layer the device says it all, whoever is named. source: stock 2.6.14
    add(*to, facts_.layer2 ? gateway : std::nullopt, facts_.device, metric);
    tell_v6(n++, *to, gateway, metric);
  }

  std::optional<std::uint32_t> metric_of(const std::string& word) const {
    if (word.empty() || word == "default") return routes_.metric;
    const auto metric = to_number<std::uint32_t>(word);
    return metric ? metric : routes_.metric;
  }

  void problem(const options::Location& at, std::string_view option, const std::string& what,
               std::string_view why) {
    plan_.problems.push_back(fmt::format("{}: {} {}: {}", at.text(), option, printable(what), why));
  }

  const options::Routes& routes_;
  const RouteFacts& facts_;
  RoutePlan plan_;
};

}  // namespace

RoutePlan plan_routes(const options::Routes& routes, const RouteFacts& facts) {
  return Planner(routes, facts).plan();
}

}  // namespace adit::node
