#include "policy/client_plan.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::policy {

namespace {

bool removed(std::string_view option, const std::vector<std::string>& prefixes) {
  return std::ranges::any_of(prefixes,
                             [&](const std::string& prefix) { return option.starts_with(prefix); });
}

// The generated addresses go only when they are named whole.
bool names(const std::vector<std::string>& removals, std::string_view word) {
  return std::ranges::find(removals, word) != removals.end();
}

// "route N M" or "route-ipv6 N/b" of a network behind the client itself would send its packets in
// a circle.
bool is_own_network(std::string_view option, const std::vector<ip::Prefix>& iroutes) {
  const auto words = split(option, ' ');
  if (words.size() < 2) return false;
  std::optional<ip::Prefix> network;
  if (words[0] == "route") {
    const auto address = ip::Address::parse_v4(words[1]);
    const auto mask = words.size() > 2 ? ip::Address::parse_v4(words[2]) : std::nullopt;
    const auto length =
        mask ? ip::prefix_length_of_netmask(*mask) : std::optional<std::uint8_t>(32);
    if (address && length) network = ip::Prefix::of(*address, *length);
  } else if (words[0] == "route-ipv6") {
    network = ip::Prefix::parse(words[1]);
  }
  return network && std::ranges::find(iroutes, *network) != iroutes.end();
}

void plan_v4(const ServerFacts& server, const options::ClientProfile& profile,
             const std::optional<Lease>& lease, ClientPlan& plan) {
  using options::Topology;
  if (profile.ifconfig_push) {
    plan.v4 = profile.ifconfig_push->first;
    plan.pool_peer4 = profile.ifconfig_push->second;
    const bool is_mask = ip::prefix_length_of_netmask(*plan.pool_peer4).has_value();
    if (server.topology == Topology::subnet && !is_mask && server.netmask4_length) {
      plan.warnings.push_back(
          fmt::format("{}: the second word of ifconfig-push, {}, is not a netmask but topology is "
                      "subnet; using "
                      "{} - write \"ifconfig-push {} {}\", or set \"topology net30\"",
                      profile.ifconfig_push_at.text(), plan.pool_peer4->text(),
                      ip::netmask_of_length(*server.netmask4_length).text(), plan.v4->text(),
                      ip::netmask_of_length(*server.netmask4_length).text()));
      plan.pool_peer4 = ip::netmask_of_length(*server.netmask4_length);
    }
    return;
  }
  if (!lease || !lease->v4) return;
  plan.v4 = lease->v4;
  switch (server.topology) {
    case Topology::net30:
      plan.pool_peer4 = lease->v4_peer;
      break;
    case Topology::p2p:
      plan.pool_peer4 = server.local4;
      break;
    case Topology::subnet:
      plan.pool_peer4 = ip::netmask_of_length(server.netmask4_length.value_or(24));
      break;
  }
}

void push_addresses(const ServerFacts& server, const options::ClientProfile& profile,
                    const std::optional<Lease>& lease, ClientPlan& plan) {
  std::uint8_t bits = server.bits6;
  std::optional<ip::Address> gateway = server.local6;
  if (profile.ifconfig_ipv6_push) {
    plan.v6 = profile.ifconfig_ipv6_push->address;
    bits = profile.ifconfig_ipv6_push->bits;
    if (profile.ifconfig_ipv6_push->remote) gateway = profile.ifconfig_ipv6_push->remote;
  } else if (lease && lease->v6 && !profile.ifconfig_push) {
    plan.v6 = lease->v6;
  } else if (lease && lease->v6) {
    plan.warnings.emplace_back(
        "ifconfig-push switches the IPv6 pool off for this client; give it an ifconfig-ipv6-push "
        "too");
  }
  if (plan.v6 && gateway && !names(profile.push_remove, "ifconfig-ipv6")) {
    plan.push.push_back(
        fmt::format("ifconfig-ipv6 {}/{} {}", plan.v6->text(), bits, gateway->text()));
  }
  if (plan.v4 && plan.pool_peer4 && !names(profile.push_remove, "ifconfig")) {
    const ip::Address& shown = profile.ifconfig_push_alias.value_or(*plan.v4);
    plan.push.push_back(fmt::format("ifconfig {} {}", shown.text(), plan.pool_peer4->text()));
  }
}

}  // namespace

ClientPlan plan_client(const ServerFacts& server, const options::ClientProfile& profile,
                       const std::optional<Lease>& lease) {
  ClientPlan plan;
  if (lease) plan.slot = lease->slot;
  const std::size_t most_iroutes = profile.max_routes.value_or(server.most_iroutes);
  for (const options::Iroute& iroute : profile.iroutes) {
    if (!server.routes_networks) break;
    if (plan.iroutes.size() < most_iroutes) plan.iroutes.push_back(iroute.prefix);
  }
  if (server.routes_networks && profile.iroutes.size() > plan.iroutes.size()) {
    plan.warnings.push_back(
        fmt::format("more than {} iroutes: the rest is ignored - raise "
                    "max-routes-per-client",
                    most_iroutes));
  }
  plan_v4(server, profile, lease, plan);
  std::vector<std::string> wanted;
  if (!profile.push_reset) wanted = server.push;
  wanted.insert(wanted.end(), profile.push.begin(), profile.push.end());
  for (std::string& option : wanted) {
    if (removed(option, profile.push_remove) || is_own_network(option, plan.iroutes)) continue;
    plan.push.push_back(std::move(option));
  }
  push_addresses(server, profile, lease, plan);
  return plan;
}

namespace {

template <typename T>
void take(std::optional<T>& base, const std::optional<T>& top) {
  if (top) base = top;
}
template <typename T>
void append(std::vector<T>& base, const std::vector<T>& top) {
  base.insert(base.end(), top.begin(), top.end());
}

}  // namespace

options::ClientProfile overlay(options::ClientProfile base, const options::ClientProfile& top) {
  base.disable = base.disable || top.disable;
  base.push_reset = base.push_reset || top.push_reset;
  if (top.ifconfig_push) base.ifconfig_push_at = top.ifconfig_push_at;
  take(base.ifconfig_push, top.ifconfig_push);
  take(base.ifconfig_push_alias, top.ifconfig_push_alias);
  take(base.ifconfig_ipv6_push, top.ifconfig_ipv6_push);
  take(base.ping, top.ping);
  take(base.ping_restart, top.ping_restart);
  take(base.ping_exit, top.ping_exit);
  take(base.inactive, top.inactive);
  take(base.inactive_bytes, top.inactive_bytes);
  take(base.session_timeout, top.session_timeout);
  take(base.max_routes, top.max_routes);
  take(base.vlan_pvid, top.vlan_pvid);
  append(base.iroutes, top.iroutes);
  append(base.push, top.push);
  append(base.push_remove, top.push_remove);
  if (!top.data_ciphers.empty()) base.data_ciphers = top.data_ciphers;
  if (!top.cipher.empty()) base.cipher = top.cipher;
  if (!top.override_username.empty()) base.override_username = top.override_username;
  return base;
}

std::optional<std::string> ccd_file_name(std::string_view common_name) {
  std::string name = printable(common_name);
  std::ranges::replace(name, '/', '_');
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  return name;
}

}  // namespace adit::policy
