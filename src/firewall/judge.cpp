#include "firewall/judge.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace adit::firewall {

namespace {

// What may have become of a packet so far.
struct Fates {
  bool accepted = false;
  bool dropped = false;
  bool goes_on = false;  // past the end of the chain
  bool returns = false;  // before its end
  std::string rule;      // the first that drops
  std::string chain;

  void drop(const std::string& by, const std::string& where) {
    if (!dropped) {
      rule = by;
      chain = where;
    }
    dropped = true;
  }
  void join(const Fates& other) {
    accepted |= other.accepted;
    if (other.dropped) drop(other.rule, other.chain);
  }
};

Match match_all(const Rule& rule, const Packet& packet) {
  Match worst = Match::yes;
  for (const Condition& condition : rule.conditions) {
    worst = std::min(worst, match(condition, packet));
  }
  return worst;
}

class Walk {
 public:
  Walk(const Ruleset& ruleset, const Chain& base, const Packet& packet) : packet_(packet) {
    for (const Chain& chain : ruleset.chains) {
      const bool reachable = chain.tool == base.tool && chain.family == base.family;
      if (reachable && chain.table == base.table) chains_.emplace(chain.name, &chain);
    }
  }

  // A chain does the same to the packet wherever it is entered. One that leads into itself, which
  // the kernel does not allow, is taken as passed through.
  const Fates& through(const Chain& chain) {  // NOLINT(misc-no-recursion)
    const auto [known, fresh] = fates_.emplace(&chain, Fates{});
    Fates& fates = known->second;
    if (!fresh) return fates;
    fates.goes_on = true;
    for (const Rule& rule : chain.rules) {
      const Match fits = match_all(rule, packet_);
      if (fits == Match::no) continue;
      const Step step = take(rule, chain, fates);
      fates.returns |= step.returns;
      if (step.ends && fits == Match::yes) {
        fates.goes_on = fates.returns;
        return fates;
      }
    }
    return fates;
  }

 private:
  // ends: no packet that fits comes to the next rule. returns: some leave the chain here.
  struct Step {
    bool ends = false;
    bool returns = false;
  };

  Step take(const Rule& rule, const Chain& chain, Fates& fates) {  // NOLINT(misc-no-recursion)
    switch (rule.verdict) {
      case Verdict::proceed:
        return {};
      case Verdict::accept:
        fates.accepted = true;
        return {true, false};
      case Verdict::drop:
        fates.drop(rule.text, chain.name);
        return {true, false};
      case Verdict::unknown:
        fates.accepted = true;
        fates.drop(rule.text, chain.name);
        return {true, false};
      case Verdict::come_back:
        return {true, true};
      case Verdict::jump:
      case Verdict::go_to:
        return enter(rule, fates);
    }
    return {};
  }

  Step enter(const Rule& rule, Fates& fates) {  // NOLINT(misc-no-recursion)
    const auto next = chains_.find(rule.target);
    if (next == chains_.end()) return {};
    const Fates inner = through(*next->second);
    fates.join(inner);
    if (rule.verdict == Verdict::jump) return {!inner.goes_on, false};
    return {true, inner.goes_on};
  }

  const Packet& packet_;
  std::map<std::string_view, const Chain*> chains_;  // those of the same table
  std::map<const Chain*, Fates> fates_;
};

}  // namespace

Judgement judge(const Ruleset& ruleset, const Chain& base, const Packet& packet) {
  Fates fates = Walk(ruleset, base, packet).through(base);
  if (fates.goes_on && base.drops_by_policy) {
    fates.drop("policy drop", base.name);
  } else if (fates.goes_on) {
    fates.accepted = true;
  }
  if (!fates.dropped) return {};
  return {fates.accepted ? Fate::may_drop : Fate::drops, fates.rule, fates.chain};
}

}  // namespace adit::firewall
