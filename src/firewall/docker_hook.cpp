#include <algorithm>

#include "firewall/hooks.h"
#include "firewall/iptables_save.h"

namespace adit::firewall {

namespace {

constexpr const char* docker_chain = "DOCKER-USER";

std::string mark_of(std::string_view owner) { return "adit-" + std::string(owner); }

// The rule as iptables-save prints it, and as the commands take it.
Command words_of(const Plan& plan, const char* way) {
  return {way,         iptables_device(plan.device), "-m", "comment",
          "--comment", mark_of(plan.owner),          "-j", "ACCEPT"};
}

Command command(const std::string& tool, const char* verb, const Command& rule) {
  Command words{tool, "-w", verb, docker_chain};
  words.insert(words.end(), rule.begin(), rule.end());
  return words;
}

bool stands_in(const Chain& chain, const Command& rule) {
  Command wanted{"-A", docker_chain};
  wanted.insert(wanted.end(), rule.begin(), rule.end());
  return std::ranges::any_of(chain.rules,
                             [&](const Rule& r) { return saved_words(r.text) == wanted; });
}

bool bears(const Command& rule, const std::string& mark) {
  const auto option = std::ranges::find(rule, "--comment");
  return option != rule.end() && std::next(option) != rule.end() && *std::next(option) == mark;
}

bool is_entered(const Chain& user, const Ruleset& ruleset) {
  const Chain* forward = ruleset.beside(user, "FORWARD");
  if (forward == nullptr) return false;
  return std::ranges::any_of(forward->rules,
                             [](const Rule& rule) { return rule.target == docker_chain; });
}

// Docker leaves this chain to the administrator and asks it first. It is empty after a reboot.
Draft draft(const Plan& plan, const Chain& user, Subject subject) {
  const bool in = subject == Subject::in_device;
  const Command rule = words_of(plan, in ? "-i" : "-o");
  Hook hook{.who = "docker",
            .what = (in ? "packets from " : "packets to ") + iptables_device(plan.device)};
  hook.apply = {command(user.tool, "-I", rule)};
  hook.undo = {command(user.tool, "-D", rule)};
  hook.present = stands_in(user, rule);
  return {hook, [tool = user.tool, device = plan.device, subject](Ruleset& ruleset) {
            for (Chain& chain : ruleset.chains) {
              if (chain.tool != tool || chain.name != docker_chain) continue;
              chain.rules.insert(chain.rules.begin(), accept_device(subject, device));
            }
          }};
}

}  // namespace

std::vector<Draft> docker_hooks(const Plan& plan, const Needs& needs, const Ruleset& ruleset) {
  std::vector<Draft> drafts;
  for (const Chain& chain : ruleset.chains) {
    const bool wanted = chain.family == "ip" ? needs.forward4 : needs.forward6;
    if (!wanted || chain.tool == "nft" || chain.table != "filter" || chain.name != docker_chain) {
      continue;
    }
    if (!is_entered(chain, ruleset)) continue;
    for (const Subject way : {Subject::in_device, Subject::out_device}) {
      drafts.push_back(draft(plan, chain, way));
    }
  }
  return drafts;
}

std::vector<Command> docker_leftovers(std::string_view owner, const Ruleset& ruleset) {
  std::vector<Command> commands;
  for (const Chain& chain : ruleset.chains) {
    if (chain.tool == "nft" || chain.name != docker_chain) continue;
    for (const Rule& rule : chain.rules) {
      Command words = saved_words(rule.text);
      if (!bears(words, mark_of(owner))) continue;
      words.front() = "-D";
      words.insert(words.begin(), {chain.tool, "-w"});
      commands.push_back(std::move(words));
    }
  }
  return commands;
}

}  // namespace adit::firewall
