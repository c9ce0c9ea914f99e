#include "firewall/outgoing.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "firewall/ruleset.h"

namespace adit::firewall {

namespace {

// Behind all other filters, and after everybody who chooses a packet's way: what leaves, by
// whomever it was sent, passes here last.
constexpr std::string_view head = "type filter hook postrouting priority srcnat - 10;";

std::string chain(std::string_view owner, std::string_view policy,
                  const std::vector<std::string>& rules) {
  const std::string where =
      fmt::format("inet {} {}", table_name, chain_name(owner, Place::postrouting));
  std::string text = render_removal(owner, false);
  text += fmt::format("add chain {} {{ {} policy {}; }}\n", where, head, policy);
  for (const std::string& rule : rules) text += fmt::format("add rule {} {}\n", where, rule);
  return text;
}

std::string rule_for(const OuterEnd& end) {
  const char* const family = end.at.address.is_v4() ? "ip" : "ip6";
  const char* const transport = end.tcp ? "tcp" : "udp";
  const std::string port = end.at.port == 0 ? fmt::format("meta l4proto {}", transport)
                                            : fmt::format("{} dport {}", transport, end.at.port);
  return fmt::format("{} daddr {} {} accept", family, end.at.address.text(), port);
}

std::string rule_for(const ip::Prefix& lan) {
  return fmt::format("{} daddr {} accept", lan.address.is_v4() ? "ip" : "ip6", lan.text());
}

// Without these there is no link to send the tunnel's packets on.
constexpr std::string_view link_rules[] = {
    "udp sport 68 udp dport 67 accept",
    "udp sport 546 udp dport 547 accept",
    "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, "
    "mld2-listener-report } accept",
};

template <typename Value>
std::vector<Value> sorted(std::vector<Value> values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

}  // namespace

std::string render(const DnsBlock& block) {
  const std::string outside = fmt::format("oifname != {{ \"lo\", \"{}\" }}", block.device);
  std::vector<std::string> rules;
  if (block.outer) {
    for (const bool tcp : {false, true}) rules.push_back(rule_for(OuterEnd{*block.outer, tcp}));
  }
  rules.push_back(outside + " udp dport { 53, 853 } counter drop");
  rules.push_back(outside + " tcp dport { 53, 853 } counter drop");
  return chain(block.owner, "accept", rules);
}

std::string render(const KillSwitch& wanted) {
  std::vector<std::string> rules{"oifname \"lo\" accept"};
  for (const std::string& device : sorted(wanted.devices)) {
    rules.push_back(fmt::format("oifname \"{}\" accept", device));
  }
  for (const OuterEnd& end : sorted(wanted.ends)) rules.push_back(rule_for(end));
  rules.insert(rules.end(), std::begin(link_rules), std::end(link_rules));
  for (const ip::Prefix& lan : without_overlaps(wanted.lans)) rules.push_back(rule_for(lan));
  rules.emplace_back("counter drop");
  return chain(wanted.owner, "drop", rules);
}

}  // namespace adit::firewall
