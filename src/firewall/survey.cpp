#include "firewall/survey.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "firewall/cures.h"
#include "firewall/hooks.h"
#include "firewall/iptables_save.h"
#include "firewall/nft_listing.h"
#include "firewall/questions.h"

namespace adit::firewall {

namespace {

void append(Ruleset& all, Ruleset more) {
  std::ranges::move(more.chains, std::back_inserter(all.chains));
}

bool tells_of(const std::string& saved, const std::string& table) {
  return ("\n" + saved).find("\n*" + table + "\n") != std::string::npos;
}

// What iptables itself shows of its tables says more than nft's listing of them.
Ruleset all_rules(const Situation& situation, std::vector<std::string>& notes) {
  Ruleset all;
  if (!situation.nft_json.empty()) {
    auto nft = read_nft(situation.nft_json, situation.nft_text);
    if (nft) {
      all = std::move(*nft);
    } else {
      notes.push_back(nft.error().text());
    }
  }
  std::erase_if(all.chains, [&](const Chain& chain) {
    if (chain.family == "ip") return tells_of(situation.iptables_nft4, chain.table);
    return chain.family == "ip6" && tells_of(situation.iptables_nft6, chain.table);
  });
  append(all, read_iptables_save(situation.iptables_nft4, "iptables-nft", "ip"));
  append(all, read_iptables_save(situation.iptables_nft6, "ip6tables-nft", "ip6"));
  append(all, read_iptables_save(situation.legacy4, "iptables-legacy", "ip"));
  append(all, read_iptables_save(situation.legacy6, "ip6tables-legacy", "ip6"));
  return all;
}

Needs needs_of(const std::vector<Question>& questions) {
  Needs needs;
  for (const Question& question : questions) {
    const bool forward = question.packet.hook == HookPoint::forward;
    const bool v4 = question.packet.from.address.is_v4();
    needs.forward4 |= forward && v4;
    needs.forward6 |= forward && !v4;
    needs.port |= !forward;
  }
  return needs;
}

// Before routing nothing is known of where a packet goes: only what is certain counts there.
Judgement ask(const Ruleset& rules, const Chain& base, const Question& question) {
  if (base.hook == question.packet.hook) return judge(rules, base, question.packet);
  if (base.hook != HookPoint::prerouting) return {};
  const Judgement judgement = judge(rules, base, question.packet);
  return judgement.fate == Fate::drops ? judgement : Judgement{};
}

// Everything one rule of one base chain has against the plan.
struct Blocked {
  const Chain* base = nullptr;
  Judgement judgement;
  std::vector<const Question*> questions;
};

void add(std::vector<Blocked>& all, const Chain& base, const Judgement& judgement,
         const Question& question) {
  for (Blocked& blocked : all) {
    if (blocked.base != &base || blocked.judgement.rule != judgement.rule) continue;
    blocked.questions.push_back(&question);
    blocked.judgement.fate = std::max(blocked.judgement.fate, judgement.fate);
    return;
  }
  all.push_back({&base, judgement, {&question}});
}

std::vector<Blocked> blocked_by(const Ruleset& rules, const std::vector<Question>& questions) {
  std::vector<Blocked> all;
  for (const Chain& base : rules.chains) {
    for (const Question& question : questions) {
      if (!base.takes(question.packet.from.address.family())) continue;
      const Judgement judgement = ask(rules, base, question);
      if (judgement.fate != Fate::passes) add(all, base, judgement, question);
    }
  }
  return all;
}

std::string who_of(const Blocked& blocked) {
  const Chain& base = *blocked.base;
  if (blocked.judgement.chain.starts_with("ufw")) return "ufw";
  if (base.tool == "nft") return fmt::format("nft table {} {}", base.family, base.table);
  return base.tool;
}

std::string why_of(const Blocked& blocked) {
  std::vector<std::string> what;
  for (const Question* question : blocked.questions) {
    if (what.size() == 2) break;  // the rest is of the same kind
    if (what.empty() || what.front() != question->what) what.push_back(question->what);
  }
  const char* verb = blocked.judgement.fate == Fate::drops ? "drops" : "may drop";
  return fmt::format("{} {}", verb, join(what, " and "));
}

Obstacle obstacle_of(const Blocked& blocked, const Plan& plan) {
  const Cure cure = cure_of(*blocked.base, blocked.judgement, blocked.questions, plan);
  return {who_of(blocked),
          fmt::format("{} in chain {} of table {}", blocked.judgement.rule, blocked.judgement.chain,
                      blocked.base->table),
          why_of(blocked),
          cure.commands,
          cure.keep,
          blocked.judgement.fate == Fate::drops};
}

std::vector<Draft> all_hooks(const Plan& plan, const Needs& needs, const Situation& situation,
                             const Ruleset& rules) {
  std::vector<Draft> drafts = docker_hooks(plan, needs, rules);
  for (const auto& more :
       {ufw_hooks(plan, needs, situation), firewalld_hooks(plan, needs, situation)}) {
    drafts.insert(drafts.end(), more.begin(), more.end());
  }
  return drafts;
}

}  // namespace

std::vector<Command> passing_hooks(std::string_view owner, const Situation& situation) {
  std::vector<std::string> notes;
  return docker_leftovers(owner, all_rules(situation, notes));
}

Survey survey(const Plan& plan, const Situation& situation) {
  Survey found;
  found.notes = situation.unread;
  Ruleset rules = all_rules(situation, found.notes);
  const auto questions = questions_of(plan, Routes(situation.routes4, situation.routes6));
  for (const Draft& draft : all_hooks(plan, needs_of(questions), situation, rules)) {
    draft.effect(rules);
    found.hooks.push_back(draft.hook);
  }
  for (const Blocked& blocked : blocked_by(rules, questions)) {
    found.obstacles.push_back(obstacle_of(blocked, plan));
  }
  return found;
}

}  // namespace adit::firewall
