#pragma once

#include <optional>

#include "doctor/report.h"
#include "firewall/survey.h"

namespace adit::doctor {

// What stands in the way of a tunnel's packets on this host.
struct FirewallFacts {
  firewall::Survey survey;
  std::optional<bool> loaded;  // our own rules; nothing: they cannot be looked at
  std::string why_unknown;
};
// Asks the kernel and the tools of other firewalls; needs root.
[[nodiscard]] FirewallFacts look_at_firewall(const firewall::Plan& plan);

// "firewall". expected: our rules should be loaded; load: the command that does it.
void test_firewall(Report& report, const FirewallFacts& facts, const std::string& owner,
                   bool expected, const std::string& load);
// The first rule that is sure to drop forwarded packets, as evidence with its cure.
[[nodiscard]] std::optional<Stage> certain_obstacle(const FirewallFacts& facts);

}  // namespace adit::doctor
