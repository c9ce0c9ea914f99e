#include <algorithm>

#include "base/text.h"
#include "firewall/hooks.h"

namespace adit::firewall {

namespace {

struct Wanted {
  Command apply;
  Command undo;
};

std::vector<Wanted> wanted_of(const Plan& plan, const Needs& needs) {
  std::vector<Wanted> wanted;
  const std::string device = iptables_device(plan.device);
  for (const char* way : {"in", "out"}) {
    if (!needs.forward4 && !needs.forward6) break;
    wanted.push_back({{"ufw", "route", "allow", way, "on", device},
                      {"ufw", "route", "delete", "allow", way, "on", device}});
  }
  if (needs.port) {
    const std::string port = port_text(*plan.open);
    wanted.push_back({{"ufw", "allow", port}, {"ufw", "delete", "allow", port}});
  }
  return wanted;
}

// "ufw show added" prints the commands that made its rules, with their comments behind.
bool is_added(const std::string& added, const Command& command) {
  const std::string words = text(command);
  return std::ranges::any_of(split(added, '\n'), [&](std::string_view line) {
    line = trim(line);
    return line == words || line.starts_with(words + " comment ");
  });
}

Rule accept_port(const Port& port) {
  return {{{Subject::protocol, false, {port.tcp ? "tcp" : "udp"}},
           {Subject::destination_port, false, {std::to_string(port.number)}}},
          Verdict::accept,
          {},
          "hook"};
}

// New rules go behind those that the administrator has.
void take_effect(const Plan& plan, const Needs& needs, Ruleset& ruleset) {
  for (Chain& chain : ruleset.chains) {
    const bool six = chain.name.starts_with("ufw6-");
    if (!six && !chain.name.starts_with("ufw-")) continue;
    if (chain.name.ends_with("-user-forward") && (needs.forward4 || needs.forward6)) {
      chain.rules.push_back(accept_device(Subject::in_device, plan.device));
      chain.rules.push_back(accept_device(Subject::out_device, plan.device));
    }
    if (chain.name.ends_with("-user-input") && needs.port) {
      chain.rules.push_back(accept_port(*plan.open));
    }
  }
}

std::string what_of(const Plan& plan, const Needs& needs) {
  std::vector<std::string> parts;
  if (needs.forward4 || needs.forward6) {
    parts.push_back("packets from and to " + iptables_device(plan.device));
  }
  if (needs.port) parts.push_back("port " + port_text(*plan.open));
  return join(parts, ", ");
}

}  // namespace

std::vector<Draft> ufw_hooks(const Plan& plan, const Needs& needs, const Situation& situation) {
  if (!trim(situation.ufw_status).starts_with("Status: active")) return {};
  const auto wanted = wanted_of(plan, needs);
  if (wanted.empty()) return {};
  Hook hook{.who = "ufw", .what = what_of(plan, needs), .lasting = true};
  for (const Wanted& rule : wanted) {
    if (is_added(situation.ufw_added, rule.apply)) continue;
    hook.apply.push_back(rule.apply);
    hook.undo.push_back(rule.undo);
  }
  hook.present = hook.apply.empty();
  return {{hook, [plan, needs](Ruleset& ruleset) { take_effect(plan, needs, ruleset); }}};
}

}  // namespace adit::firewall
