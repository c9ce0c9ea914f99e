#include "options/client_profile.h"

#include <algorithm>
#include <map>

#include "options/reader.h"

namespace adit::options {

namespace {

using Severity = Issue::Severity;

class AddressCheck {
 public:
  AddressCheck(const Config& server, ParsedProfile& parsed)
      : server_(server), profile_(parsed.profile), issues_(parsed.issues) {}

  void run() {
    if (!profile_.ifconfig_push) return;
    address_ = profile_.ifconfig_push->first;
    other_ = profile_.ifconfig_push->second;
    check_range();
    switch (server_.device.topology.value_or(Topology::net30)) {
      case Topology::subnet:
        return check_subnet();
      case Topology::net30:
        return check_net30();
      case Topology::p2p:
        return;
    }
  }

 private:
  // source: stock says so, and lets the client have the address.
  void check_constraint() {
    const auto& constraint = server_.server.push_constraint;
    if (!constraint) return;
    const auto& [network, mask] = *constraint;
    if ((address_.v4_number() & mask.v4_number()) == network.v4_number()) return;
    report(Severity::warning,
           address_.text() + " violates tunnel network/netmask constraint (" + network.text() +
               "/" + mask.text() + ")",
           "give this client an address of that network, or change ifconfig-push-constraint");
  }

  void check_range() {
    const auto& network = server_.server.network;
    if (!network) return check_constraint();
    if (!network->contains(address_)) {
      report(Severity::warning, address_.text() + " is outside of the network " + network->text());
    } else if (address_ == network->address || address_ == network->broadcast()) {
      report(Severity::warning, address_.text() + " is the " +
                                    (address_ == network->address ? "network" : "broadcast") +
                                    " address of " + network->text());
    }
  }

  // A client would take the other address for a netmask and fail to set up its device.
  void check_subnet() {
    if (ip::prefix_length_of_netmask(other_)) return;
    const auto& network = server_.server.network;
    const std::string mask = network ? network->netmask().text() : "255.255.255.0";
    report(Severity::error,
           "second ifconfig-push word " + other_.text() +
               " is not a netmask but topology is subnet; the address is not sent",
           "write \"ifconfig-push " + address_.text() + ' ' + mask + '"' +
               (server_.device.is_tap() ? "" : " or set \"topology net30\""));
    profile_.ifconfig_push.reset();
  }

  void check_net30() {
    if (ip::prefix_length_of_netmask(other_)) {
      report(Severity::warning,
             "second ifconfig-push word " + other_.text() + " is a netmask but topology is net30",
             "write \"topology subnet\" in the configuration of the server, or " + pair_of_slot());
      return;
    }
    constexpr std::uint8_t slot_length = 30;
    const ip::Prefix slot = ip::Prefix::of(address_, slot_length);
    if (!slot.contains(other_)) {
      report(Severity::warning,
             address_.text() + " and " + other_.text() +
                 " do not lie in one /30, as topology net30 wants; some systems refuse that",
             "use " + pair_of_slot());
    } else if (is_slot_of_server(slot)) {
      report(Severity::warning,
             address_.text() + " is inside the server's own /30, where only one client can live",
             "use " + next_slot() + " or \"topology subnet\"");
    }
  }

  bool is_slot_of_server(const ip::Prefix& slot) const {
    return server_.server.network && slot.contains(server_.server.network->address.plus(1));
  }

  std::string pair_in(const ip::Prefix& slot) const {
    return "\"ifconfig-push " + slot.address.plus(2).text() + ' ' + slot.address.plus(1).text() +
           '"';
  }
  std::string pair_of_slot() const {
    const ip::Prefix slot = ip::Prefix::of(address_, 30);
    return is_slot_of_server(slot) ? next_slot() : pair_in(slot);
  }
  std::string next_slot() const { return pair_in({server_.server.network->address.plus(4), 30}); }

  void report(Severity severity, std::string message, std::string advice = {}) {
    issues_.push_back(
        {severity, profile_.ifconfig_push_at, {}, std::move(message), std::move(advice)});
  }

  const Config& server_;
  ClientProfile& profile_;
  Issues& issues_;
  ip::Address address_, other_;
};

bool has_route_to(const Config& server, const ip::Prefix& lan) {
  const auto covers = [&](const ip::Prefix& route) {
    return route.length <= lan.length && route.contains(lan.address);
  };
  const auto covered_by_v4 = [&](const RouteLine& line) {
    const auto network = ip::Prefix::parse(line.network, line.netmask);
    return network && covers(*network);
  };
  const auto covered_by_v6 = [&](const RouteLine6& line) {
    const auto prefix = ip::Prefix::parse(line.prefix);
    return prefix && covers(*prefix);
  };
  const auto& inside = lan.address.is_v4() ? server.server.network : server.server.network6;
  if (inside && covers(*inside)) return true;
  return lan.address.is_v4() ? std::ranges::any_of(server.routes.v4, covered_by_v4)
                             : std::ranges::any_of(server.routes.v6, covered_by_v6);
}

// A route into the tunnel leads to a client, and only an iroute says to which one.
void check_routes(const std::vector<NamedProfile>& profiles, const Config& server, Issues& issues) {
  if (server.server.ccd.empty() || server.scripts.client_connect.defined()) return;
  for (const RouteLine& line : server.routes.v4) {
    const auto network = ip::Prefix::parse(line.network, line.netmask);
    if (!network || !(line.gateway.empty() || line.gateway == "default")) continue;
    if (server.server.network && network->overlaps(*server.server.network)) continue;
    const auto leads_there = [&](const NamedProfile& named) {
      return std::ranges::any_of(named.profile.iroutes, [&](const Iroute& iroute) {
        return iroute.prefix.overlaps(*network);
      });
    };
    if (std::ranges::any_of(profiles, leads_there)) continue;
    issues.push_back({Severity::warning,
                      line.at,
                      {},
                      "no client has an iroute for " + network->text() +
                          ": packets to it enter the tunnel and are dropped there",
                      "add \"iroute " + network->address.text() + ' ' + network->netmask().text() +
                          "\" to the file of the client in " + server.server.ccd +
                          " that is its gateway"});
  }
}

std::string route_line(const ip::Prefix& lan) {
  return lan.address.is_v4() ? "route " + lan.address.text() + ' ' + lan.netmask().text()
                             : "route-ipv6 " + lan.text();
}

}  // namespace

ParsedProfile parse_client_profile(std::string_view text, const std::string& source,
                                   const Config& server, Files* files) {
  ParsedProfile parsed;
  const Target target{.profile = &parsed.profile};
  Reader(where::profile, target, parsed.issues, files).read(text, source);
  AddressCheck(server, parsed).run();
  return parsed;
}

Issues check_profiles(const std::vector<NamedProfile>& profiles, const Config& server) {
  Issues issues;
  std::map<ip::Address, std::string> owners;
  for (const auto& [source, profile] : profiles) {
    if (profile.ifconfig_push) {
      const ip::Address& address = profile.ifconfig_push->first;
      const auto [owner, is_new] = owners.emplace(address, source);
      if (!is_new) {
        issues.push_back({Severity::warning,
                          profile.ifconfig_push_at,
                          {},
                          address.text() + " is already given by " + owner->second +
                              "; whoever connects last takes over the traffic",
                          {}});
      }
    }
    for (const Iroute& iroute : profile.iroutes) {
      if (has_route_to(server, iroute.prefix)) continue;
      issues.push_back(
          {Severity::warning,
           iroute.at,
           {},
           "iroute " + iroute.prefix.text() + " has no matching \"route\" on the server",
           "add \"" + route_line(iroute.prefix) + "\" to its configuration"});
    }
  }
  check_routes(profiles, server, issues);
  return issues;
}

}  // namespace adit::options
