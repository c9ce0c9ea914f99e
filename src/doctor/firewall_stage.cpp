#include "doctor/firewall_stage.h"

#include <algorithm>

#include "base/text.h"
#include "firewall/load.h"

namespace adit::doctor {

namespace {

constexpr const char* firewall_id = "firewall";

std::string words_of(const firewall::Obstacle& obstacle) {
  return fmt::format("{}: \"{}\" - {}", obstacle.who, obstacle.rule, obstacle.why);
}

std::string commands(const std::vector<firewall::Command>& all) {
  std::vector<std::string> texts;
  texts.reserve(all.size());
  for (const firewall::Command& one : all) texts.push_back(firewall::text(one));
  return join(texts, " && ");
}

// The way of another tool that is known and was not taken.
std::optional<Stage> missing_hook(const firewall::Survey& survey) {
  for (const firewall::Hook& hook : survey.hooks) {
    if (hook.present) continue;
    return Stage{
        firewall_id, firewall_id, State::failed,
        fmt::format("{} is active and was not told of the tunnel ({})", hook.who, hook.what),
        commands(hook.apply)};
  }
  return std::nullopt;
}

}  // namespace

FirewallFacts look_at_firewall(const firewall::Plan& plan) {
  FirewallFacts facts;
  firewall::HostTools tools;
  facts.survey = firewall::survey(plan, firewall::look(tools));
  const auto owners = firewall::owners();
  if (owners) {
    facts.loaded = std::ranges::find(*owners, plan.owner) != owners->end();
  } else {
    facts.why_unknown = owners.error().text();
  }
  return facts;
}

std::optional<Stage> certain_obstacle(const FirewallFacts& facts) {
  for (const firewall::Obstacle& obstacle : facts.survey.obstacles) {
    if (obstacle.certain)
      return Stage{firewall_id, firewall_id, State::failed, words_of(obstacle), obstacle.cure};
  }
  return missing_hook(facts.survey);
}

void test_firewall(Report& report, const FirewallFacts& facts, const std::string& owner,
                   bool expected, const std::string& load) {
  for (const firewall::Obstacle& obstacle : facts.survey.obstacles) {
    if (!obstacle.certain) {
      report.notes.push_back("perhaps in the way: " + words_of(obstacle) + " (" + obstacle.cure +
                             ")");
    }
  }
  report.notes.insert(report.notes.end(), facts.survey.notes.begin(), facts.survey.notes.end());
  if (auto stage = certain_obstacle(facts)) return report.stages.push_back(std::move(*stage));
  if (!facts.loaded) {
    return report.not_tested(firewall_id, firewall_id,
                             "the rules cannot be looked at: " + facts.why_unknown);
  }
  if (expected && !*facts.loaded) {
    return report.failed(firewall_id, firewall_id,
                         fmt::format("the rules of \"{}\" are not loaded", owner), load);
  }
  report.ok(
      firewall_id, firewall_id,
      *facts.loaded
          ? fmt::format("table inet adit holds the rules of \"{}\"; nobody else's drop the "
                        "tunnel's packets",
                        owner)
          : "no rules of adit (none were asked for); nobody else's drop the tunnel's packets");
}

}  // namespace adit::doctor
