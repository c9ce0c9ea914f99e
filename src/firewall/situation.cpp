#include "firewall/situation.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "firewall/nftables.h"

namespace adit::firewall {

namespace {

std::string output_of(Tools& tools, const Command& command) {
  const auto output = tools.run(command);
  return output && output->status == 0 ? output->text : std::string();
}

// Asking for them would make the kernel load them where they are not.
std::string legacy_tables(Tools& tools, const std::string& names_file, const std::string& program,
                          std::vector<std::string>& unread) {
  const std::string names(trim(tools.read(names_file).value_or("")));
  if (names.empty()) return {};
  std::string saved = output_of(tools, {program});
  if (saved.empty()) {
    unread.push_back("the legacy iptables tables in " + names_file + ": " + program +
                     " is not here or fails; install iptables to have them looked at");
  }
  return saved;
}

bool has_table(const std::string& json, const std::string& family) {
  for (const char* name : {"filter", "mangle", "raw"}) {
    const std::string table =
        "{\"table\": {\"family\": \"" + family + "\", \"name\": \"" + name + "\"";
    if (json.find(table) != std::string::npos) return true;
  }
  return false;
}

// The extensions of iptables are opaque in nft's listing.
void ask_iptables(Tools& tools, Situation& situation) {
  if (has_table(situation.nft_json, "ip")) {
    situation.iptables_nft4 = output_of(tools, {"iptables-nft-save"});
  }
  if (has_table(situation.nft_json, "ip6")) {
    situation.iptables_nft6 = output_of(tools, {"ip6tables-nft-save"});
  }
  situation.legacy4 =
      legacy_tables(tools, "/proc/net/ip_tables_names", "iptables-legacy-save", situation.unread);
  situation.legacy6 =
      legacy_tables(tools, "/proc/net/ip6_tables_names", "ip6tables-legacy-save", situation.unread);
}

// Where it is active its chains are loaded. To ask it costs a tenth of a second and more.
bool may_have_ufw(const Situation& situation) {
  if (!situation.unread.empty()) return true;
  return std::ranges::any_of(
      std::array{&situation.nft_json, &situation.legacy4, &situation.legacy6},
      [](const std::string* rules) { return rules->find("ufw") != std::string::npos; });
}

void ask_frontends(Tools& tools, Situation& situation) {
  if (may_have_ufw(situation) && tools.has("ufw")) {
    situation.ufw_status = output_of(tools, {"ufw", "status"});
    situation.ufw_added = output_of(tools, {"ufw", "show", "added"});
  }
  if (!tools.has("firewall-cmd")) return;
  situation.firewalld_state = output_of(tools, {"firewall-cmd", "--state"});
  if (situation.firewalld_state.empty()) return;
  situation.firewalld_zones = output_of(tools, {"firewall-cmd", "--get-zones"});
  situation.firewalld_policies = output_of(tools, {"firewall-cmd", "--get-policies"});
  situation.firewalld_ports = output_of(tools, {"firewall-cmd", "--list-ports"});
}

}  // namespace

Situation look(Tools& tools) {
  Situation situation;
  auto json = list_ruleset(Form::json);
  if (json) {
    situation.nft_json = std::move(*json);
    situation.nft_text = list_ruleset(Form::text_with_handles).value_or("");
  } else {
    situation.unread.push_back(json.error().text());
  }
  ask_iptables(tools, situation);
  ask_frontends(tools, situation);
  situation.routes4 = tools.read("/proc/net/route").value_or("");
  situation.routes6 = tools.read("/proc/net/ipv6_route").value_or("");
  return situation;
}

}  // namespace adit::firewall
