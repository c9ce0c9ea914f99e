#include "setup/firewall_plan.h"

#include <algorithm>
#include <cctype>

namespace adit::setup {

namespace {

constexpr const char* default_dir = "/etc/adit";
constexpr std::size_t longest_instance = 20;

}  // namespace

std::string instance_of(const std::string& dir) {
  std::string path = dir;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path == default_dir) return "server";
  std::string name = path.substr(path.rfind('/') + 1);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  }
  return "server-" + name.substr(0, longest_instance);
}

firewall::Plan plan_of(const ServerFacts& facts, const std::string& instance) {
  firewall::Plan plan;
  plan.owner = instance;
  plan.device = facts.device;
  if (facts.network) plan.tunnel.push_back(*facts.network);
  if (facts.network6) plan.tunnel.push_back(*facts.network6);
  plan.lans = facts.lans;
  plan.far = facts.routed;
  plan.full_tunnel = facts.full_tunnel;
  plan.snat = facts.snat;
  plan.open = firewall::Port{facts.tcp, facts.port};
  for (const auto& [name, froms] : facts.denied) {
    const ClientFile* site = facts.client(name);
    if (site == nullptr) continue;
    for (const ip::Prefix& from : froms) {
      for (const ip::Prefix& to : site->behind) {
        if (from.address.family() == to.address.family()) plan.denied.push_back({from, to});
      }
    }
  }
  return plan;
}

Result<std::optional<firewall::Plan>> read_plan(Host& host, const std::string& dir) {
  const auto facts = read_server(host, dir);
  if (!facts) return fail_with(facts.error());
  if (!facts->firewall) return std::optional<firewall::Plan>{};
  return std::optional(plan_of(*facts, instance_of(dir)));
}

}  // namespace adit::setup
