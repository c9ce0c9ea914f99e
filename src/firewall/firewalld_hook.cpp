#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "firewall/hooks.h"

namespace adit::firewall {

namespace {

// Names of zones and policies have 17 letters at most; long owners are told apart by a number.
std::string zone_name(const std::string& owner) {
  constexpr std::size_t longest = 8;
  constexpr std::uint32_t basis = 2166136261u;
  constexpr std::uint32_t prime = 16777619u;  // FNV-1a
  if (owner.size() <= longest) return "adit-" + owner;
  std::uint32_t hash = basis;
  for (const char c : owner) hash = (hash ^ static_cast<std::uint8_t>(c)) * prime;
  return fmt::format("adit-{}{:04x}", owner.substr(0, 4), hash & 0xffff);
}

bool has_word(const std::string& text, const std::string& word) {
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (std::ranges::find(words, word) != words.end()) return true;
  }
  return false;
}

class Builder {
 public:
  explicit Builder(Hook& hook) : hook_(hook) {}

  void lasting(std::vector<std::string> options) {
    hook_.apply.push_back(command(std::move(options)));
  }
  // Undone in the opposite order.
  void undone_by(std::string option) {
    hook_.undo.insert(hook_.undo.begin(), command({std::move(option)}));
  }
  // What is permanent counts from now on.
  void reload() {
    for (auto* commands : {&hook_.apply, &hook_.undo}) {
      commands->push_back({"firewall-cmd", "--reload"});
    }
  }

 private:
  static Command command(std::vector<std::string> options) {
    Command words{"firewall-cmd", "--permanent"};
    words.insert(words.end(), options.begin(), options.end());
    return words;
  }

  Hook& hook_;
};

void add_policy(Builder& build, const std::string& name, const std::string& from,
                const std::string& to) {
  build.lasting({"--new-policy=" + name});
  build.undone_by("--delete-policy=" + name);
  build.lasting({"--policy=" + name, "--add-ingress-zone=" + from});
  build.lasting({"--policy=" + name, "--add-egress-zone=" + to});
  build.lasting({"--policy=" + name, "--set-target=ACCEPT"});
}

// A zone of the tunnel's own, and a policy for each way: zones alone forward nothing.
void add_zone(Builder& build, const Plan& plan) {
  const std::string zone = zone_name(plan.owner);
  build.lasting({"--new-zone=" + zone});
  build.undone_by("--delete-zone=" + zone);
  build.lasting({"--zone=" + zone, "--add-interface=" + iptables_device(plan.device)});
  add_policy(build, zone + "-out", zone, "ANY");
  add_policy(build, zone + "-in", "ANY", zone);
}

bool is_firewalld(const Chain& chain) { return chain.tool == "nft" && chain.table == "firewalld"; }

}  // namespace

std::vector<Draft> firewalld_hooks(const Plan& plan, const Needs& needs,
                                   const Situation& situation) {
  if (trim(situation.firewalld_state) != "running") return {};
  const bool forward = needs.forward4 || needs.forward6;
  if (!forward && !needs.port) return {};
  Hook hook{.who = "firewalld", .what = "a zone and policies for the tunnel", .lasting = true};
  Builder build(hook);
  const std::string zone = zone_name(plan.owner);
  const bool has_zone = has_word(situation.firewalld_zones, zone) &&
                        has_word(situation.firewalld_policies, zone + "-out") &&
                        has_word(situation.firewalld_policies, zone + "-in");
  if (forward && !has_zone) add_zone(build, plan);
  if (needs.port && !has_word(situation.firewalld_ports, port_text(*plan.open))) {
    build.lasting({"--add-port=" + port_text(*plan.open)});
    build.undone_by("--remove-port=" + port_text(*plan.open));
  }
  hook.present = hook.apply.empty();
  if (!hook.present) build.reload();
  return {{hook, [](Ruleset& ruleset) { std::erase_if(ruleset.chains, is_firewalld); }}};
}

}  // namespace adit::firewall
