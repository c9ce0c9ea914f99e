#pragma once

#include <string>
#include <vector>

#include "firewall/plan.h"
#include "setup/host.h"
#include "setup/journal.h"
#include "setup/thing.h"

namespace adit::setup {

// What a plan for the packet filter asks of the host, for every command that has such a plan.
struct FirewallWishes {
  Wishes wishes;
  std::vector<std::string> notes;
};

// Sysctls, now and after a reboot. made, undone: the commands, for a comment in the file.
[[nodiscard]] Wishes sysctl_wishes(Host& host, const firewall::Plan& plan, const std::string& made,
                                   const std::string& undone);
// Those among the wishes that cannot be fulfilled here, as in a container.
[[nodiscard]] std::vector<Error> sysctl_obstacles(Host& host, const Wishes& wishes);
// Our own rules, and what other tools are told through their hooks; notes on what stays in the way.
[[nodiscard]] Result<FirewallWishes> rule_wishes(Host& host, const firewall::Plan& plan,
                                                 const Journal& journal);

}  // namespace adit::setup
