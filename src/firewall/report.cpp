#include "firewall/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "firewall/nftables.h"
#include "firewall/ruleset.h"

namespace adit::firewall {

namespace {

std::string indented(const std::string& text) {
  std::string lines;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.empty()) lines += "    " + std::string(line) + "\n";
  }
  return lines;
}

std::string cure_lines(const std::string& cure, const std::string& keep = {}) {
  std::string lines;
  if (!cure.empty()) lines += "        cure: " + cure + "\n";
  if (!keep.empty()) lines += "        " + keep + "\n";
  return lines;
}

std::string all_of(const std::vector<Command>& commands) {
  std::string words;
  for (const Command& command : commands) words += (words.empty() ? "" : " && ") + text(command);
  return words;
}

std::string trouble_lines(const std::vector<Trouble>& troubles) {
  std::string lines;
  for (const Trouble& trouble : troubles) {
    lines += "    " + trouble.what + "\n" + cure_lines(trouble.cure);
  }
  return lines;
}

std::string obstacle_lines(const std::vector<Obstacle>& obstacles) {
  std::string lines;
  for (const Obstacle& obstacle : obstacles) {
    lines += fmt::format("    {}: {}: {}\n", obstacle.who, obstacle.rule, obstacle.why) +
             cure_lines(obstacle.cure, obstacle.keep);
  }
  return lines;
}

std::string hook_lines(const std::vector<Hook>& hooks, bool missing_only) {
  std::string lines;
  for (const Hook& hook : hooks) {
    if (hook.present && missing_only) continue;
    lines += fmt::format("    {}: {}: {}\n", hook.who, hook.what,
                         hook.present ? "let through" : "not let through yet");
    if (!hook.present) lines += cure_lines(all_of(hook.apply));
  }
  return lines;
}

std::string note_lines(const std::vector<std::string>& notes) {
  std::string lines;
  for (const std::string& note : notes) lines += "    " + note + "\n";
  return lines;
}

std::string section(const std::string& title, const std::string& lines) {
  return lines.empty() ? std::string() : title + "\n" + lines;
}

Json json_of(const Hook& hook) {
  return {{"who", hook.who},         {"what", hook.what},   {"present", hook.present},
          {"lasting", hook.lasting}, {"apply", hook.apply}, {"undo", hook.undo}};
}

Json json_of(const Obstacle& obstacle) {
  return {{"who", obstacle.who},   {"rule", obstacle.rule}, {"why", obstacle.why},
          {"cure", obstacle.cure}, {"keep", obstacle.keep}, {"certain", obstacle.certain}};
}

Json json_of(const Trouble& trouble) { return {{"what", trouble.what}, {"cure", trouble.cure}}; }

template <typename Things>
Json json_list_of(const Things& things) {
  Json list = Json::array();
  for (const auto& thing : things) list.push_back(json_of(thing));
  return list;
}

}  // namespace

bool Report::good() const {
  return troubles.empty() && survey.obstacles.empty() &&
         std::ranges::all_of(survey.hooks, &Hook::present);
}

Report report_on(const Plan& plan, Tools& tools) {
  Report report{plan.owner, device_pattern(plan.device), {}, {}, {}};
  const Situation situation = look(tools);
  report.survey = survey(plan, situation);
  const auto listing = list_own_table();
  if (listing) {
    report.rules = chains_in(*listing, plan.owner);
    report.troubles = missing_rules(plan, *listing);
  } else {
    report.troubles.push_back({listing.error().what, listing.error().advice});
  }
  const Uplinks uplinks = uplinks_of(system::parse_routes(situation.routes4, situation.routes6));
  for (Trouble& trouble : wrong_sysctls(needed_sysctls(plan, uplinks), tools)) {
    report.troubles.push_back(std::move(trouble));
  }
  return report;
}

std::string render_text(const Report& report) {
  const std::string rules = report.rules.empty() ? "    none\n" : indented(report.rules);
  return section(fmt::format("rules of {} in table inet adit", report.owner), rules) +
         section("not as it should be", trouble_lines(report.troubles)) +
         section("other packet filters", hook_lines(report.survey.hooks, false)) +
         section("in the way", obstacle_lines(report.survey.obstacles)) +
         section("not looked at", note_lines(report.survey.notes));
}

std::string render_troubles(const Report& report) {
  return section("not as it should be", trouble_lines(report.troubles)) +
         section("other packet filters", hook_lines(report.survey.hooks, true)) +
         section("in the way", obstacle_lines(report.survey.obstacles)) +
         section("not looked at", note_lines(report.survey.notes));
}

std::string render_json(const Report& report) {
  const Json whole = {{"owner", report.owner},
                      {"device", report.device},
                      {"good", report.good()},
                      {"loaded", !report.rules.empty()},
                      {"rules", report.rules},
                      {"troubles", json_list_of(report.troubles)},
                      {"hooks", json_list_of(report.survey.hooks)},
                      {"obstacles", json_list_of(report.survey.obstacles)},
                      {"notes", report.survey.notes}};
  return whole.dump(2) + "\n";
}

}  // namespace adit::firewall
