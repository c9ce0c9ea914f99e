#include "firewall/ruleset.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "firewall/plan_check.h"

namespace adit::firewall {

namespace {

std::string_view hook_name(Place place) {
  switch (place) {
    case Place::forward:
      return "forward";
    case Place::input:
      return "input";
    case Place::prerouting:
      return "prerouting";
    case Place::postrouting:
      return "postrouting";
  }
  return {};
}

// Before those of others, whose masquerading would otherwise be the first word for a connection.
std::string_view head_of(Place place) {
  switch (place) {
    case Place::forward:
      return "type filter hook forward priority filter; policy accept;";
    case Place::input:
      return "type filter hook input priority filter; policy accept;";
    case Place::prerouting:
      return "type nat hook prerouting priority dstnat - 5; policy accept;";
    case Place::postrouting:
      return "type nat hook postrouting priority srcnat - 5; policy accept;";
  }
  return {};
}

using Prefixes = std::vector<ip::Prefix>;

Prefixes of_family(const Prefixes& all, ip::Family family) {
  Prefixes some;
  std::ranges::copy_if(all, std::back_inserter(some),
                       [&](const ip::Prefix& p) { return p.address.family() == family; });
  return some;
}

Prefixes operator+(Prefixes all, const Prefixes& more) {
  all.insert(all.end(), more.begin(), more.end());
  return without_overlaps(std::move(all));
}

std::string set_of(const Prefixes& prefixes) {
  if (prefixes.size() == 1) return prefixes.front().text();
  std::vector<std::string> texts;
  for (const ip::Prefix& prefix : prefixes) texts.push_back(prefix.text());
  return "{ " + join(texts, ", ") + " }";
}

std::string_view protocol_of(ip::Family family) { return family == ip::Family::v4 ? "ip" : "ip6"; }

// What a client of this network sends to the world needs another address: only global IPv6 does
// not.
bool needs_masquerade(const ip::Prefix& prefix) {
  if (prefix.address.is_v4()) return true;
  return ip::Prefix::parse("fc00::/7")->contains(prefix.address);
}

// The parts of a plan that rules speak of, for one family.
struct Networks {
  std::string_view protocol;
  std::string device;
  Prefixes remote;  // come out of the tunnel
  Prefixes local;   // behind this host
  Prefixes known;   // both

  Networks(const Plan& plan, ip::Family family)
      : protocol(protocol_of(family)), device(device_pattern(plan.device)) {
    Prefixes behind = plan.lans;
    for (const Map& map : plan.maps) behind.push_back(map.real);
    remote = of_family(plan.tunnel, family) + of_family(plan.far, family);
    local = without_overlaps(of_family(behind, family));
    known = remote + local;
  }

  [[nodiscard]] std::string from(const Prefixes& prefixes) const {
    return fmt::format("{} saddr {}", protocol, set_of(prefixes));
  }
  [[nodiscard]] std::string to(const Prefixes& prefixes) const {
    return fmt::format("{} daddr {}", protocol, set_of(prefixes));
  }
  [[nodiscard]] std::string elsewhere(const Prefixes& prefixes) const {
    return fmt::format("{} daddr != {}", protocol, set_of(prefixes));
  }
};

using Rules = std::vector<std::string>;
constexpr ip::Family families[] = {ip::Family::v4, ip::Family::v6};

void add_denied(const Plan& plan, Rules& rules) {
  const std::string device = device_pattern(plan.device);
  for (const Access& denied : plan.denied) {
    const std::string_view protocol = protocol_of(denied.from.address.family());
    for (const std::string_view way : {"iifname", "oifname"}) {
      rules.push_back(fmt::format("{} \"{}\" {} saddr {} {} daddr {} counter drop", way, device,
                                  protocol, denied.from.text(), protocol, denied.to.text()));
    }
  }
}

// Out of the tunnel only what is offered; the rest is refused with an answer that can be seen.
void add_offers(const Plan& plan, const Networks& networks, Rules& rules) {
  if (networks.remote.empty() || plan.full_tunnel) return;
  const std::string from =
      fmt::format("iifname \"{}\" {}", networks.device, networks.from(networks.remote));
  rules.push_back(fmt::format("{} {} counter accept", from, networks.to(networks.known)));
  rules.push_back(from + " counter reject with icmpx admin-prohibited");
}

// Never empty, so that it can be seen whether the plan is loaded.
Rules forward_rules(const Plan& plan) {
  Rules rules{"ct state established,related accept"};
  add_denied(plan, rules);
  for (const ip::Family family : families) add_offers(plan, Networks(plan, family), rules);
  return rules;
}

Rules input_rules(const Plan& plan) {
  if (!plan.open) return {};
  return {
      fmt::format("{} dport {} counter accept", plan.open->tcp ? "tcp" : "udp", plan.open->number)};
}

Rules prerouting_rules(const Plan& plan) {
  Rules rules;
  for (const Map& map : plan.maps) {
    const std::string_view protocol = protocol_of(map.real.address.family());
    rules.push_back(fmt::format("iifname \"{}\" {} daddr {} dnat {} prefix to {}",
                                device_pattern(plan.device), protocol, map.shown.text(), protocol,
                                map.real.text()));
  }
  return rules;
}

void add_maps(const Plan& plan, Rules& rules) {
  for (const Map& map : plan.maps) {
    const std::string_view protocol = protocol_of(map.real.address.family());
    rules.push_back(fmt::format("oifname \"{}\" {} saddr {} snat {} prefix to {}",
                                device_pattern(plan.device), protocol, map.real.text(), protocol,
                                map.shown.text()));
  }
}

// This host stands for the others, whichever side begins.
void add_snat(const Networks& networks, Rules& rules) {
  if (networks.remote.empty() || networks.local.empty()) return;
  rules.push_back(fmt::format("oifname != \"{}\" {} {} masquerade", networks.device,
                              networks.from(networks.remote), networks.to(networks.local)));
  rules.push_back(
      fmt::format("oifname \"{}\" {} masquerade", networks.device, networks.from(networks.local)));
}

void add_full_tunnel(const Networks& networks, Rules& rules) {
  Prefixes hidden;
  std::ranges::copy_if(networks.remote, std::back_inserter(hidden), needs_masquerade);
  if (hidden.empty()) return;
  rules.push_back(fmt::format("oifname != \"{}\" {} {} masquerade", networks.device,
                              networks.from(hidden), networks.elsewhere(networks.known)));
}

Rules postrouting_rules(const Plan& plan) {
  Rules rules;
  add_maps(plan, rules);
  for (const ip::Family family : families) {
    const Networks networks(plan, family);
    if (plan.snat) add_snat(networks, rules);
    if (plan.full_tunnel) add_full_tunnel(networks, rules);
  }
  return rules;
}

Rules rules_of(const Plan& plan, Place place) {
  switch (place) {
    case Place::forward:
      return forward_rules(plan);
    case Place::input:
      return input_rules(plan);
    case Place::prerouting:
      return prerouting_rules(plan);
    case Place::postrouting:
      return postrouting_rules(plan);
  }
  return {};
}

// "add" first, for a chain that is not there cannot be deleted.
std::string without_chains(std::string_view owner) {
  std::string text = fmt::format("add table inet {}\n", table_name);
  for (const Place place : places) {
    for (const std::string_view verb : {"add", "flush", "delete"}) {
      text += fmt::format("{} chain inet {} {}\n", verb, table_name, chain_name(owner, place));
    }
  }
  return text;
}

}  // namespace

std::string chain_name(std::string_view owner, Place place) {
  return fmt::format("{}-{}", owner, hook_name(place));
}

std::string owner_of_chain(std::string_view chain) {
  for (const Place place : places) {
    const std::string ending = chain_name("", place);
    if (chain.size() > ending.size() && chain.ends_with(ending)) {
      return std::string(chain.substr(0, chain.size() - ending.size()));
    }
  }
  return {};
}

std::string device_pattern(std::string_view device) {
  return device == "tun" ? "tun*" : std::string(device);
}

std::vector<ip::Prefix> without_overlaps(std::vector<ip::Prefix> prefixes) {
  std::ranges::sort(prefixes, [](const ip::Prefix& a, const ip::Prefix& b) {
    return std::pair(a.address, a.length) < std::pair(b.address, b.length);
  });
  std::vector<ip::Prefix> kept;
  for (const ip::Prefix& prefix : prefixes) {
    if (kept.empty() || !kept.back().contains(prefix.address)) kept.push_back(prefix);
  }
  return kept;
}

Result<std::vector<ChainText>> chains_of(const Plan& plan) {
  if (const Status good = check_plan(plan); !good) return fail_with(good.error());
  std::vector<ChainText> chains;
  for (const Place place : places) {
    Rules rules = rules_of(plan, place);
    if (!rules.empty()) chains.push_back({place, std::string(head_of(place)), std::move(rules)});
  }
  return chains;
}

Result<std::string> render(const Plan& plan) {
  const auto chains = chains_of(plan);
  if (!chains) return fail_with(chains.error());
  std::string text = without_chains(plan.owner);
  for (const ChainText& chain : *chains) {
    const std::string where =
        fmt::format("inet {} {}", table_name, chain_name(plan.owner, chain.place));
    text += fmt::format("add chain {} {{ {} }}\n", where, chain.head);
    for (const std::string& rule : chain.rules)
      text += fmt::format("add rule {} {}\n", where, rule);
  }
  return text;
}

std::string render_removal(std::string_view owner, bool last) {
  if (last) {
    return fmt::format("add table inet {}\ndelete table inet {}\n", table_name, table_name);
  }
  return without_chains(owner);
}

}  // namespace adit::firewall
