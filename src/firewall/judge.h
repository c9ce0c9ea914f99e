#pragma once

#include <string>

#include "firewall/rules.h"

namespace adit::firewall {

// A packet that a filter is asked about: a kind, rather than one. What is not known is empty.
struct Packet {
  HookPoint hook = HookPoint::forward;
  std::string in{};  // device; may end in '*'
  std::string out{};
  std::string tunnel{};  // the tunnel's device; what is not known is not this one
  ip::Prefix from{};
  ip::Prefix to{};
  std::string protocol = "tcp";
  std::uint16_t port = 33333;  // an ordinary one, that no rule names
  bool answer = false;         // belongs to a connection that was let through before
};

enum class Fate { passes, may_drop, drops };

struct Judgement {
  Fate fate = Fate::passes;
  std::string rule;   // the rule that drops, or "policy drop"
  std::string chain;  // where that rule stands
};

// What becomes of the packet in one base chain. Careful: where a condition cannot be told, both is
// possible.
[[nodiscard]] Judgement judge(const Ruleset& ruleset, const Chain& base, const Packet& packet);

enum class Match { no, maybe, yes };
[[nodiscard]] Match match(const Condition& condition, const Packet& packet);

}  // namespace adit::firewall
