#pragma once

#include <functional>
#include <string>
#include <vector>

#include "firewall/plan.h"
#include "firewall/rules.h"
#include "firewall/situation.h"
#include "firewall/survey.h"

namespace adit::firewall {

// What a plan asks of others at all.
struct Needs {
  bool forward4 = false;
  bool forward6 = false;
  bool port = false;
};

// A hook, and what it will change in the rules, so that they can be judged as if it were there.
struct Draft {
  Hook hook;
  std::function<void(Ruleset&)> effect;
};

// One file for each tool that has an official way in. None where the tool is not active.
[[nodiscard]] std::vector<Draft> docker_hooks(const Plan& plan, const Needs& needs,
                                              const Ruleset& ruleset);
// The commands that take this owner's rules out again.
[[nodiscard]] std::vector<Command> docker_leftovers(std::string_view owner, const Ruleset& ruleset);
[[nodiscard]] std::vector<Draft> ufw_hooks(const Plan& plan, const Needs& needs,
                                           const Situation& situation);
[[nodiscard]] std::vector<Draft> firewalld_hooks(const Plan& plan, const Needs& needs,
                                                 const Situation& situation);

// "tun0", or "tun+" for any tun device, as iptables, ufw and firewalld say it.
[[nodiscard]] std::string iptables_device(std::string_view device);
// Whether a program said this line, among others.
[[nodiscard]] bool says(const std::string& output, std::string_view line);
// "1194/udp"
[[nodiscard]] std::string port_text(const Port& port);
// A rule that accepts what comes from (or goes to) this device.
[[nodiscard]] Rule accept_device(Subject way, const std::string& device);

}  // namespace adit::firewall
