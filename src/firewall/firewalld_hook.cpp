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

// It is believed that firewalld does what it is told: its rules are not judged.
void believe(Ruleset& ruleset, HookPoint hook) {
  std::erase_if(ruleset.chains, [hook](const Chain& chain) {
    return is_firewalld(chain) && (chain.hook == hook || chain.hook == HookPoint::prerouting);
  });
}

Draft zone_hook(const Plan& plan, const Situation& situation) {
  const std::string zone = zone_name(plan.owner);
  Hook hook{.who = "firewalld",
            .what = "packets from and to " + iptables_device(plan.device) + ", zone " + zone};
  Builder build(hook);
  add_zone(build, plan);
  build.reload();
  hook.lasting = true;
  hook.present = has_word(situation.firewalld_zones, zone) &&
                 has_word(situation.firewalld_policies, zone + "-out") &&
                 has_word(situation.firewalld_policies, zone + "-in");
  return {hook, [](Ruleset& ruleset) { believe(ruleset, HookPoint::forward); }};
}

Draft firewalld_port_hook(const Port& port, const Situation& situation) {
  Hook hook{.who = "firewalld", .what = "packets to port " + port_text(port)};
  Builder build(hook);
  build.lasting({"--add-port=" + port_text(port)});
  build.undone_by("--remove-port=" + port_text(port));
  build.reload();
  hook.lasting = true;
  hook.present = has_word(situation.firewalld_ports, port_text(port));
  return {hook, [](Ruleset& ruleset) { believe(ruleset, HookPoint::input); }};
}

}  // namespace

std::vector<Draft> firewalld_hooks(const Plan& plan, const Needs& needs,
                                   const Situation& situation) {
  if (!says(situation.firewalld_state, "running")) return {};
  std::vector<Draft> drafts;
  if (needs.forward4 || needs.forward6) drafts.push_back(zone_hook(plan, situation));
  if (needs.port) drafts.push_back(firewalld_port_hook(*plan.open, situation));
  return drafts;
}

}  // namespace adit::firewall
