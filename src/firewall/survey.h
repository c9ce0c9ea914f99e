#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firewall/plan.h"
#include "firewall/situation.h"
#include "firewall/tools.h"

namespace adit::firewall {

// The official way of another tool to let the tunnel's packets through. All of it is there, or
// nothing; what it says does not depend on whether it is.
struct Hook {
  std::string who;               // "docker", "ufw", "firewalld"
  std::string what;              // what it lets through, for people: "packets from tun0 onward"
  std::vector<Command> apply{};  // in this order
  std::vector<Command> undo{};   // in this order; undoes all of apply
  bool lasting = false;          // that tool keeps it over a reboot; if not, loading sets it again
  bool present = false;          // is there already: not to be applied, and not ours to undo
};

// What will drop the tunnel's packets and has no official way around.
struct Obstacle {
  std::string who;   // "nft table inet filter", "iptables-legacy", "ufw"
  std::string rule;  // as that tool shows it, with its chain
  std::string why;   // which packets it drops, and whether that is certain
  std::string cure;  // the command that mends it; may be several, joined by " && "
  std::string keep;  // how the cure survives a reboot; may be empty
  bool certain = false;
};

// What stands in the way of a plan, and what is to be done about it.
struct Survey {
  std::vector<Hook> hooks;          // those of every tool that is active here, present ones too
  std::vector<Obstacle> obstacles;  // that remain once the hooks are applied
  std::vector<std::string> notes;   // what could not be looked at, and why
};

// The commands that take out what an owner left with tools whose hooks do not last.
[[nodiscard]] std::vector<Command> passing_hooks(std::string_view owner,
                                                 const Situation& situation);

// Pure: only what stands in situation counts.
[[nodiscard]] Survey survey(const Plan& plan, const Situation& situation);

}  // namespace adit::firewall
