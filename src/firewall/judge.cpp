#include "firewall/judge.h"

#include <algorithm>

namespace adit::firewall {

namespace {

constexpr int deepest = 16;  // jumps within jumps, as in the kernel

// What may have become of a packet so far.
struct Fates {
  bool accepted = false;
  bool dropped = false;
  bool goes_on = false;  // past the end of the chain
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
  Walk(const Ruleset& ruleset, const Packet& packet) : ruleset_(ruleset), packet_(packet) {}

  Fates through(const Chain& chain, int depth) {  // NOLINT(misc-no-recursion): deepest
    Fates fates;
    for (const Rule& rule : chain.rules) {
      const Match fits = match_all(rule, packet_);
      if (fits == Match::no) continue;
      if (take(rule, chain, depth, fates) && fits == Match::yes) return fates;
    }
    fates.goes_on = true;
    return fates;
  }

 private:
  // True when no packet that fits the rule comes to the next one.
  bool take(const Rule& rule, const Chain& chain, int depth,
            Fates& fates) {  // NOLINT(misc-no-recursion)
    switch (rule.verdict) {
      case Verdict::proceed:
        return false;
      case Verdict::accept:
        fates.accepted = true;
        return true;
      case Verdict::drop:
        fates.drop(rule.text, chain.name);
        return true;
      case Verdict::unknown:
        fates.accepted = true;
        fates.drop(rule.text, chain.name);
        return true;
      case Verdict::come_back:
        fates.goes_on = true;
        return true;
      case Verdict::jump:
      case Verdict::go_to:
        return enter(rule, chain, depth, fates);
    }
    return false;
  }

  bool enter(const Rule& rule, const Chain& chain, int depth,
             Fates& fates) {  // NOLINT(misc-no-recursion)
    const Chain* next = ruleset_.beside(chain, rule.target);
    if (next == nullptr || depth >= deepest) return false;
    const Fates inner = through(*next, depth + 1);
    fates.join(inner);
    if (rule.verdict == Verdict::jump) return !inner.goes_on;
    fates.goes_on |= inner.goes_on;
    return true;
  }

  const Ruleset& ruleset_;
  const Packet& packet_;
};

}  // namespace

Judgement judge(const Ruleset& ruleset, const Chain& base, const Packet& packet) {
  Fates fates = Walk(ruleset, packet).through(base, 0);
  if (fates.goes_on && base.drops_by_policy) {
    fates.drop("policy drop", base.name);
  } else if (fates.goes_on) {
    fates.accepted = true;
  }
  if (!fates.dropped) return {};
  return {fates.accepted ? Fate::may_drop : Fate::drops, fates.rule, fates.chain};
}

}  // namespace adit::firewall
