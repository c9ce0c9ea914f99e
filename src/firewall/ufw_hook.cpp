#include <algorithm>

#include "base/text.h"
#include "firewall/hooks.h"

namespace adit::firewall {

namespace {

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
void append_rule(Ruleset& ruleset, std::string_view ending, const Rule& rule) {
  for (Chain& chain : ruleset.chains) {
    const bool theirs = chain.name.starts_with("ufw-") || chain.name.starts_with("ufw6-");
    if (theirs && chain.name.ends_with(ending)) chain.rules.push_back(rule);
  }
}

Draft route_hook(const Plan& plan, Subject subject, const Situation& situation) {
  const std::string device = iptables_device(plan.device);
  const bool in = subject == Subject::in_device;
  const char* way = in ? "in" : "out";
  Hook hook{.who = "ufw", .what = (in ? "packets from " : "packets to ") + device};
  hook.apply = {{"ufw", "route", "allow", way, "on", device}};
  hook.undo = {{"ufw", "route", "delete", "allow", way, "on", device}};
  hook.lasting = true;
  hook.present = is_added(situation.ufw_added, hook.apply.front());
  return {hook, [rule = accept_device(subject, plan.device)](Ruleset& ruleset) {
            append_rule(ruleset, "-user-forward", rule);
          }};
}

Draft ufw_port_hook(const Port& port, const Situation& situation) {
  Hook hook{.who = "ufw", .what = "packets to port " + port_text(port)};
  hook.apply = {{"ufw", "allow", port_text(port)}};
  hook.undo = {{"ufw", "delete", "allow", port_text(port)}};
  hook.lasting = true;
  hook.present = is_added(situation.ufw_added, hook.apply.front());
  return {hook, [rule = accept_port(port)](Ruleset& ruleset) {
            append_rule(ruleset, "-user-input", rule);
          }};
}

}  // namespace

std::vector<Draft> ufw_hooks(const Plan& plan, const Needs& needs, const Situation& situation) {
  if (!says(situation.ufw_status, "Status: active")) return {};
  std::vector<Draft> drafts;
  if (needs.forward4 || needs.forward6) {
    drafts.push_back(route_hook(plan, Subject::in_device, situation));
    drafts.push_back(route_hook(plan, Subject::out_device, situation));
  }
  if (needs.port) drafts.push_back(ufw_port_hook(*plan.open, situation));
  return drafts;
}

}  // namespace adit::firewall
