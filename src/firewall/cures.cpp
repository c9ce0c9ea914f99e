#include "firewall/cures.h"

#include <algorithm>

#include "base/text.h"
#include "firewall/hooks.h"
#include "firewall/ruleset.h"
#include "firewall/tools.h"

namespace adit::firewall {

namespace {

// Which rules are missing.
struct Missing {
  bool from_tunnel = false;
  bool into_tunnel = false;
  bool port = false;
  std::vector<ip::Prefix> into{};  // before routing, where the way out is not known yet

  Missing(const Chain& base, const std::vector<const Question*>& questions) {
    for (const Question* question : questions) {
      const Packet& packet = question->packet;
      port |= packet.hook == HookPoint::input;
      from_tunnel |= packet.in == packet.tunnel;
      if (packet.out != packet.tunnel) continue;
      if (base.hook == HookPoint::prerouting) {
        into.push_back(packet.to);
      } else {
        into_tunnel = true;
      }
    }
    into = without_overlaps(std::move(into));
  }
};

std::string quoted(const std::string& device) {
  return device.ends_with('*') ? "\"" + device + "\"" : device;
}

std::string nft_commands(const Chain& base, const Missing& missing, const Plan& plan) {
  const std::string device = quoted(device_pattern(plan.device));
  std::vector<std::string> lines;
  const auto insert = [&](const Command& rule) {
    Command words{"nft", "insert", "rule", base.family, base.table, base.name};
    words.insert(words.end(), rule.begin(), rule.end());
    words.emplace_back("accept");
    lines.push_back(text(words));
  };
  if (missing.from_tunnel) insert({"iifname", device});
  if (missing.into_tunnel) insert({"oifname", device});
  for (const ip::Prefix& network : missing.into) {
    insert({network.address.is_v4() ? "ip" : "ip6", "daddr", network.text()});
  }
  if (missing.port) {
    insert({plan.open->tcp ? "tcp" : "udp", "dport", std::to_string(plan.open->number)});
  }
  return join(lines, " && ");
}

std::string iptables_commands(const Chain& base, const Missing& missing, const Plan& plan) {
  const std::string device = iptables_device(plan.device);
  std::vector<std::string> lines;
  const auto insert = [&](const Command& rule) {
    Command words{base.tool, "-t", base.table, "-I", base.name};
    if (base.table == "filter") words = {base.tool, "-I", base.name};
    words.insert(words.end(), rule.begin(), rule.end());
    words.insert(words.end(), {"-j", "ACCEPT"});
    lines.push_back(text(words));
  };
  if (missing.from_tunnel) insert({"-i", device});
  if (missing.into_tunnel) insert({"-o", device});
  for (const ip::Prefix& network : missing.into) insert({"-d", network.text()});
  if (missing.port) {
    insert({"-p", plan.open->tcp ? "tcp" : "udp", "--dport", std::to_string(plan.open->number)});
  }
  return join(lines, " && ");
}

// A rule of the administrator's that stands before ours.
std::string ufw_commands(const Missing& missing, const Plan& plan) {
  const std::string device = iptables_device(plan.device);
  std::vector<std::string> lines;
  if (missing.from_tunnel) lines.push_back("ufw route insert 1 allow in on " + device);
  if (missing.into_tunnel) lines.push_back("ufw route insert 1 allow out on " + device);
  if (missing.port) lines.push_back("ufw insert 1 allow " + port_text(*plan.open));
  return join(lines, " && ");
}

}  // namespace

Cure cure_of(const Chain& base, const Judgement& judgement,
             const std::vector<const Question*>& questions, const Plan& plan) {
  const Missing missing(base, questions);
  if (judgement.chain.starts_with("ufw") && judgement.chain.find("-user-") != std::string::npos) {
    return {ufw_commands(missing, plan), {}};
  }
  if (base.tool == "nft") {
    return {nft_commands(base, missing, plan),
            "to keep it, add the same rule where the table comes from, often /etc/nftables.conf"};
  }
  return {
      iptables_commands(base, missing, plan),
      "to keep it, save the rules as you saved these, often with \"netfilter-persistent save\""};
}

}  // namespace adit::firewall
