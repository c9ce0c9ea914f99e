#include "setup/preflight.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace adit::setup {

namespace {

constexpr std::array usual_networks{"10.8.0.0/24",   "10.9.0.0/24",     "10.88.0.0/24",
                                    "10.133.7.0/24", "172.27.224.0/24", "192.168.219.0/24"};
constexpr std::uint8_t smallest_network = 29;  // room for a server and clients, fixed and not

std::string protocol_text(const ServerFacts& facts) {
  return fmt::format("{} port {}", facts.tcp ? "TCP" : "UDP", facts.port);
}

void check_port(Host& host, const Demand& demand, std::vector<Error>& errors) {
  const ServerFacts* present = demand.present;
  // Without a configuration it is what a killed run has started.
  const bool same = present == nullptr ||
                    (present->port == demand.wanted.port && present->tcp == demand.wanted.tcp);
  if (demand.runs && same) return;  // held by the server that is to be changed
  const auto holder = host.port_holder(demand.wanted.tcp, demand.wanted.port);
  if (!holder) return;
  errors.push_back({protocol_text(demand.wanted) + " is taken by " + *holder,
                    "end that, or choose another with --port"});
}

void check_network(Host& host, const Demand& demand, std::vector<Error>& errors) {
  const ServerFacts& wanted = demand.wanted;
  if (wanted.network && wanted.network->length > smallest_network) {
    errors.push_back({wanted.network->text() + " is too small for the tunnel",
                      "give --network at least 8 addresses, such as 10.8.0.0/24"});
  }
  const auto here = networks_of(host, demand.present);
  for (const auto& network : {wanted.network, wanted.network6}) {
    if (!network) continue;
    auto error = overlap({"the tunnel's network", *network}, here);
    if (!error) continue;
    error->advice = network->address.is_v4()
                        ? "choose another with --network, such as " + free_network(here).text()
                        : "choose another with --network6";
    errors.push_back(std::move(*error));
  }
}

void check_lans(const Demand& demand, std::vector<Error>& errors) {
  std::vector<NamedNetwork> used;
  for (const NamedNetwork& one : networks_of(demand.wanted)) {
    if (!one.what.starts_with("--lan")) used.push_back(one);
  }
  for (const ip::Prefix& lan : demand.wanted.lans) {
    if (auto error = overlap({"--lan", lan}, used)) errors.push_back(std::move(*error));
  }
}

// "dev tun" is any tun device, and one that runs may still have that name.
bool may_be_device_of(const ServerFacts& facts, const std::string& device) {
  const bool any_tap = facts.device == "tap" && device.starts_with("tap");
  return device.starts_with("tun") || any_tap || device == facts.device;
}

// The profile holds it as one word.
void check_endpoint(const Demand& demand, std::vector<Error>& errors) {
  const std::string& endpoint = demand.wanted.endpoint;
  const auto belongs = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view(".-_:%").find(c) != std::string_view::npos;
  };
  if (endpoint.empty() || (endpoint.front() != '-' && std::ranges::all_of(endpoint, belongs))) {
    return;
  }
  errors.push_back(
      {fmt::format("--endpoint: \"{}\" is neither a name nor an address", printable(endpoint)),
       "give what clients reach this host under, such as vpn.example.com"});
}

void check_fixed(const Demand& demand, std::vector<Error>& errors) {
  const ServerFacts& wanted = demand.wanted;
  const auto refuse = [&](const ClientFile& client, const ip::Address& fixed,
                          const ip::Prefix& network) {
    errors.push_back(
        {fmt::format("client {} has the fixed address {}, which is not in {}", client.name,
                     fixed.text(), network.text()),
         "give it another first, or keep the network: edit " + wanted.ccd + "/" + client.name});
  };
  for (const ClientFile& client : wanted.clients) {
    if (wanted.network && client.fixed && !wanted.network->contains(*client.fixed)) {
      refuse(client, *client.fixed, *wanted.network);
    }
    // One that never was in the server's network is so on purpose.
    const bool moved = client.fixed6 && demand.present != nullptr && demand.present->network6 &&
                       demand.present->network6->contains(*client.fixed6);
    if (moved && wanted.network6 && !wanted.network6->contains(*client.fixed6)) {
      refuse(client, *client.fixed6, *wanted.network6);
    }
  }
}

}  // namespace

std::vector<Error> preflight(Host& host, const Demand& demand) {
  std::vector<Error> errors;
  if (!host.is_root()) {
    errors.push_back({"this needs root: a tunnel device, firewall rules and files in /etc",
                      "give the command again with sudo"});
    return errors;  // the rest could not be seen
  }
  if (demand.service && !host.has_systemd()) {
    errors.push_back({"systemd does not run here, so there is nobody to keep the server running",
                      "use --no-service: it then serves in the foreground"});
  }
  if (auto obstacle = host.tun_obstacle()) errors.push_back(std::move(*obstacle));
  if (auto obstacle = demand.wanted.firewall ? host.rules_obstacle() : std::nullopt) {
    obstacle->advice += (obstacle->advice.empty() ? "" : "; or ") +
                        std::string("leave the firewall to somebody else: --no-firewall");
    errors.push_back(std::move(*obstacle));
  }
  if (demand.wanted.network6 && !host.has_ipv6()) {
    errors.push_back({"this host has no IPv6", "leave out --network6"});
  }
  check_port(host, demand, errors);
  check_network(host, demand, errors);
  check_lans(demand, errors);
  check_fixed(demand, errors);
  check_endpoint(demand, errors);
  return errors;
}

std::optional<Error> overlap(const NamedNetwork& one, const std::vector<NamedNetwork>& others) {
  for (const NamedNetwork& other : others) {
    if (!one.prefix.overlaps(other.prefix)) continue;
    return Error{fmt::format("{} {} overlaps {} {}", one.what, one.prefix.text(), other.what,
                             other.prefix.text()),
                 {}};
  }
  return std::nullopt;
}

std::vector<NamedNetwork> networks_of(const ServerFacts& facts) {
  std::vector<NamedNetwork> all;
  if (facts.network) all.push_back({"the tunnel's network", *facts.network});
  if (facts.network6) all.push_back({"the tunnel's network", *facts.network6});
  for (const ip::Prefix& lan : facts.lans) all.push_back({"--lan", lan});
  for (const ClientFile& client : facts.clients) {
    for (const ip::Prefix& one : client.behind) all.push_back({"the site " + client.name, one});
  }
  return all;
}

std::vector<NamedNetwork> networks_of(Host& host, const ServerFacts* present) {
  // Routes of a tunnel that runs already are its own.
  std::vector<ip::Prefix> own;
  if (present != nullptr) {
    for (const NamedNetwork& one : networks_of(*present)) own.push_back(one.prefix);
    own.insert(own.end(), present->routed.begin(), present->routed.end());
  }
  std::vector<NamedNetwork> all;
  for (const HostRoute& route : host.routes()) {
    const bool ours = present != nullptr && may_be_device_of(*present, route.device) &&
                      std::ranges::any_of(own, [&](const ip::Prefix& one) {
                        return one.contains(route.to.address) && one.length <= route.to.length;
                      });
    if (route.to.length == 0 || ours) continue;
    all.push_back({"what this host reaches through " + route.device + ":", route.to});
  }
  return all;
}

ip::Prefix free_network(const std::vector<NamedNetwork>& used) {
  for (const char* text : usual_networks) {
    const ip::Prefix network = *ip::Prefix::parse(text);
    if (!overlap({"", network}, used)) return network;
  }
  return *ip::Prefix::parse(usual_networks[0]);
}

}  // namespace adit::setup
