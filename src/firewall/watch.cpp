#include "firewall/watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "firewall/nftables.h"
#include "firewall/ruleset.h"

namespace adit::firewall {

namespace {

// A chain's rules: the lines between its head and its end.
struct Listed {
  std::string head;
  std::vector<std::string> rules;
};

bool begins_chain(std::string_view line) {
  return line.starts_with("chain ") && line.ends_with("{");
}

std::string name_in(std::string_view line) { return std::string(split(line, ' ')[1]); }

// A set that is too long for a line goes on in the next; such lines end with a comma or a brace.
bool goes_on(const std::vector<std::string>& rules) {
  return !rules.empty() && (rules.back().ends_with(',') || rules.back().ends_with('{'));
}

void add_line(Listed& chain, std::string_view line) {
  if (line.starts_with("type ")) {
    chain.head = line;
  } else if (goes_on(chain.rules) || (line.starts_with('}') && !chain.rules.empty())) {
    chain.rules.back() += " " + std::string(line);
  } else {
    chain.rules.emplace_back(line);
  }
}

// Nothing when the chain is not there.
std::optional<Listed> find_chain(const std::string& listing, const std::string& name) {
  std::optional<Listed> found;
  for (const std::string_view raw : split(listing, '\n')) {
    const std::string_view line = trim(raw);
    if (begins_chain(line) && name_in(line) == name) {
      found.emplace();
    } else if (found && line == "}" && !goes_on(found->rules)) {
      return found;
    } else if (found) {
      add_line(*found, line);
    }
  }
  return found;
}

// The kernel takes the larger of this and the device's own: strict is 1.
bool is_good(const Sysctl& sysctl, const std::string& is, Tools& tools) {
  if (is == sysctl.value) return true;
  if (!sysctl.name.ends_with(".rp_filter") || is != "0") return false;
  const auto all = tools.read(sysctl_file("net.ipv4.conf.all.rp_filter"));
  return all && trim(*all) != "1";
}

// One for each device that fits, as /proc/net/dev knows them.
std::vector<Sysctl> spelt_out(const Sysctl& pattern, Tools& tools) {
  const auto star = pattern.name.find('*');
  if (star == std::string::npos) return {pattern};
  const auto start = pattern.name.rfind('.', star) + 1;
  const std::string stem = pattern.name.substr(start, star - start);
  std::vector<Sysctl> all;
  const std::string devices = tools.read("/proc/net/dev").value_or("");
  for (const std::string_view line : split(devices, '\n')) {
    const std::string_view device = trim(line.substr(0, line.find(':')));
    if (!device.starts_with(stem) || line.find(':') == std::string_view::npos) continue;
    all.push_back(pattern);
    all.back().name.replace(start, stem.size() + 1, device);
  }
  return all;
}

std::string reload(std::string_view owner) {
  constexpr std::string_view joined = "join-";
  if (owner == "server") return "adit firewall load";
  if (!owner.starts_with(joined)) return "adit firewall load --dir DIR, with the server's folder";
  return fmt::format("adit firewall load --join {}", owner.substr(joined.size()));
}

}  // namespace

std::vector<Trouble> missing_rules(const Plan& plan, const std::string& listing) {
  const auto wanted = chains_of(plan);
  if (!wanted) return {{wanted.error().what, wanted.error().advice}};
  std::vector<Trouble> troubles;
  for (const ChainText& chain : *wanted) {
    const std::string name = chain_name(plan.owner, chain.place);
    const auto there = find_chain(listing, name);
    if (!there || there->head.empty()) {
      troubles.push_back(
          {fmt::format("chain {} of table inet {} is gone", name, table_name), reload(plan.owner)});
    } else if (there->rules.size() != chain.rules.size()) {
      troubles.push_back({fmt::format("chain {} of table inet {} has {} rules, not {}", name,
                                      table_name, there->rules.size(), chain.rules.size()),
                          reload(plan.owner)});
    }
  }
  return troubles;
}

std::string sysctl_file(std::string_view name) {
  std::string path = "/proc/sys/";
  // A device's name may hold dots of its own: only those before and behind it part folders.
  const auto device = name.find(".conf.");
  const auto last = name.rfind('.');
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool inside = device != std::string_view::npos && i >= device + 6 && i < last;
    path += name[i] == '.' && !inside ? '/' : name[i];
  }
  return path;
}

std::vector<Trouble> wrong_sysctls(const std::vector<Sysctl>& needed, Tools& tools) {
  std::vector<Trouble> troubles;
  for (const Sysctl& pattern : needed) {
    for (const Sysctl& sysctl : spelt_out(pattern, tools)) {
      const auto value = tools.read(sysctl_file(sysctl.name));
      if (!value && sysctl.late) continue;
      const std::string is(value ? trim(*value) : "not there");
      if (is_good(sysctl, is, tools)) continue;
      troubles.push_back(
          {fmt::format("{} is {}, not {}: {}", sysctl.name, is, sysctl.value, sysctl.why),
           fmt::format("sysctl -w {}={}", sysctl.name, sysctl.value)});
    }
  }
  return troubles;
}

std::string chains_in(const std::string& listing, std::string_view owner) {
  std::string ours;
  bool inside = false;
  for (const std::string_view raw : split(listing, '\n')) {
    const std::string_view line = trim(raw);
    if (begins_chain(line)) inside = owner_of_chain(name_in(line)) == owner;
    if (inside) ours += std::string(line) + "\n";
    if (line == "}") inside = false;
  }
  return ours;
}

Result<std::vector<Trouble>> Watch::look() {
  const auto listing = list_own_table();
  if (!listing) return fail_with(listing.error());
  std::vector<Trouble> troubles = missing_rules(plan_, *listing);
  const std::string now = chains_in(*listing, plan_.owner);
  if (troubles.empty() && seen_.empty()) seen_ = now;
  if (troubles.empty() && now != seen_) {
    troubles.push_back(
        {fmt::format("the rules of {} in table inet {} were changed", plan_.owner, table_name),
         reload(plan_.owner)});
  }
  const Uplinks uplinks =
      uplinks_of(system::parse_routes(tools_.read("/proc/net/route").value_or(""),
                                      tools_.read("/proc/net/ipv6_route").value_or("")));
  for (Trouble& trouble : wrong_sysctls(needed_sysctls(plan_, uplinks), tools_)) {
    troubles.push_back(std::move(trouble));
  }
  return troubles;
}

}  // namespace adit::firewall
