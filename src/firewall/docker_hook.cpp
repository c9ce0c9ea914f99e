#include <algorithm>

#include "firewall/hooks.h"

namespace adit::firewall {

namespace {

constexpr const char* chain_name = "DOCKER-USER";

// The rule as iptables-save prints it, and as the commands take it.
Command words_of(const Plan& plan, const char* way) {
  return {way,         iptables_device(plan.device), "-m", "comment",
          "--comment", "adit-" + plan.owner,         "-j", "ACCEPT"};
}

Command command(const std::string& tool, const char* verb, const Command& rule) {
  Command words{tool, "-w", verb, chain_name};
  words.insert(words.end(), rule.begin(), rule.end());
  return words;
}

bool stands_in(const Chain& chain, const Command& rule) {
  const std::string wanted = "-A " + std::string(chain_name) + " " + text(rule);
  return std::ranges::any_of(chain.rules, [&](const Rule& r) { return r.text == wanted; });
}

bool is_entered(const Chain& user, const Ruleset& ruleset) {
  const Chain* forward = ruleset.beside(user, "FORWARD");
  if (forward == nullptr) return false;
  return std::ranges::any_of(forward->rules,
                             [](const Rule& rule) { return rule.target == chain_name; });
}

// Docker leaves this chain to the administrator and asks it first. It is empty after a reboot.
Draft draft(const Plan& plan, const Chain& user) {
  Hook hook{.who = "docker", .what = "packets from and to " + iptables_device(plan.device)};
  for (const char* way : {"-o", "-i"}) {
    const Command rule = words_of(plan, way);
    if (stands_in(user, rule)) continue;
    hook.apply.push_back(command(user.tool, "-I", rule));
    hook.undo.push_back(command(user.tool, "-D", rule));
  }
  hook.present = hook.apply.empty();
  return {hook, [tool = user.tool, device = plan.device](Ruleset& ruleset) {
            for (Chain& chain : ruleset.chains) {
              if (chain.tool != tool || chain.name != chain_name) continue;
              for (const Subject way : {Subject::in_device, Subject::out_device}) {
                chain.rules.insert(chain.rules.begin(), accept_device(way, device));
              }
            }
          }};
}

}  // namespace

std::vector<Draft> docker_hooks(const Plan& plan, const Needs& needs, const Ruleset& ruleset) {
  std::vector<Draft> drafts;
  for (const Chain& chain : ruleset.chains) {
    const bool wanted = chain.family == "ip" ? needs.forward4 : needs.forward6;
    if (!wanted || chain.tool == "nft" || chain.table != "filter" || chain.name != chain_name) {
      continue;
    }
    if (is_entered(chain, ruleset)) drafts.push_back(draft(plan, chain));
  }
  return drafts;
}

}  // namespace adit::firewall
