#include "setup/firewall_wishes.h"

#include <algorithm>

#include "base/text.h"
#include "firewall/ruleset.h"
#include "firewall/sysctls.h"

namespace adit::setup {

namespace {

// A device may have dots in its name; sysctl then wants slashes between the parts.
std::string sysctl_name(const std::string& name, const std::vector<std::string>& devices) {
  for (const std::string& device : devices) {
    const auto at = name.find("." + device + ".");
    if (device.find('.') == std::string::npos || at == std::string::npos) continue;
    std::string before = name.substr(0, at), after = name.substr(at + device.size() + 2);
    std::ranges::replace(before, '.', '/');
    return before + "/" + device + "/" + after;
  }
  return name;
}

// By this owner or another of ours.
Result<bool> is_set_by_adit(Host& host, const Journal& journal, const Thing& hook) {
  auto journals = journal.others(host);
  if (!journals) return fail_with(journals.error());
  journals->push_back(journal);
  return std::ranges::any_of(*journals, [&](Journal& one) { return one.find(hook) != nullptr; });
}

Status wish_hooks(Host& host, const firewall::Plan& plan, const Journal& journal,
                  FirewallWishes& all) {
  const firewall::Survey survey = host.survey(plan);
  for (const firewall::Hook& hook : survey.hooks) {
    Thing thing{Thing::Kind::hook, hook.who, hook.apply, hook.undo, hook.present};
    const auto ours = is_set_by_adit(host, journal, thing);
    if (!ours) return fail_with(ours.error());
    // What somebody else has set up is not ours to take away.
    if (!hook.present || *ours) all.wishes.emplace_back(Wish{thing, State{true}});
  }
  for (const firewall::Obstacle& obstacle : survey.obstacles) {
    all.notes.push_back(fmt::format("{} {} packets of the tunnel: {} ({}) - {}", obstacle.who,
                                    obstacle.certain ? "drops" : "may drop", obstacle.rule,
                                    obstacle.why, obstacle.cure));
  }
  for (const std::string& note : survey.notes) all.notes.push_back(note);
  return {};
}

}  // namespace

Wishes sysctl_wishes(Host& host, const firewall::Plan& plan, const std::string& made,
                     const std::string& undone) {
  const firewall::Uplinks uplinks = firewall::uplinks_of(host.routes());
  auto devices = uplinks.defaults;
  devices.insert(devices.end(), uplinks.advertised.begin(), uplinks.advertised.end());
  std::string text = fmt::format("# Made by \"{}\", removed by \"{}\".\n", made, undone);
  Wishes values;
  for (const firewall::Sysctl& one : firewall::needed_sysctls(plan, uplinks)) {
    const std::string name = sysctl_name(one.name, devices);
    text += fmt::format("# {}\n{} = {}\n", one.why, name, one.value);
    if (!one.late && host.read_sysctl(name)) values.emplace_back(wish_sysctl(name, one.value));
  }
  if (values.empty()) return values;
  values.emplace(values.begin(), wish_file("/etc/sysctl.d/60-adit-" + plan.owner + ".conf", text));
  return values;
}

std::vector<Error> sysctl_obstacles(Host& host, const Wishes& wishes) {
  std::vector<Error> errors;
  for (const auto& one : wishes) {
    const Wish* wish = std::get_if<Wish>(&one);
    if (wish == nullptr || wish->thing.kind != Thing::Kind::sysctl) continue;
    const std::string& name = wish->thing.name;
    const auto now = host.read_sysctl(name);
    if (!now || *now == wish->state.text || host.can_write_sysctl(name)) continue;
    errors.push_back({fmt::format("{} is {} and cannot be changed here", name, *now),
                      fmt::format("a container gets it from outside: docker run --sysctl {}={}",
                                  name, wish->state.text)});
  }
  return errors;
}

Result<FirewallWishes> rule_wishes(Host& host, const firewall::Plan& plan, const Journal& journal) {
  auto rules = firewall::render(plan);
  if (!rules) return fail_with(rules.error());
  FirewallWishes all;
  all.wishes.emplace_back(Wish{{Thing::Kind::rules, plan.owner}, value_state(std::move(*rules))});
  if (Status done = wish_hooks(host, plan, journal, all); !done) return fail_with(done.error());
  return all;
}

}  // namespace adit::setup
