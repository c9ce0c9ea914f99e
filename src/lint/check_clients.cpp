#include <fmt/core.h>

#include "lint/checks.h"
#include "options/client_profile.h"

// The files of client-config-dir, one by one and side by side.

namespace adit::lint {

namespace {

using options::Config;
using options::Issue;
using options::Issues;
using options::NamedProfile;

constexpr std::size_t most_files = 1000;

std::vector<NamedProfile> read_profiles(const Config& config, const Surroundings& around,
                                        Issues& issues) {
  std::vector<NamedProfile> profiles;
  const std::string& folder = config.server.ccd;
  for (const std::string& name : around.store.list(folder, most_files)) {
    const std::string path = folder + "/" + name;
    const auto text = around.store.read(path);
    if (!text) {
      issues.push_back(
          {Issue::Severity::warning, {path, 0}, {}, text.error().what, text.error().advice});
      continue;
    }
    auto parsed = options::parse_client_profile(*text, path, config);
    for (Issue& issue : parsed.issues) {
      // The server starts all the same, and leaves the line out.
      if (issue.severity == Issue::Severity::error) issue.severity = Issue::Severity::warning;
      issues.push_back(std::move(issue));
    }
    if (name != "DEFAULT") profiles.push_back({path, std::move(parsed.profile)});
  }
  return profiles;
}

void warn(Issues& issues, const options::Location& at, std::string message, std::string advice) {
  issues.push_back({Issue::Severity::warning, at, {}, std::move(message), std::move(advice)});
}

void check_networks(const std::vector<NamedProfile>& profiles, Issues& issues) {
  std::vector<std::pair<const NamedProfile*, const options::Iroute*>> all;
  for (const NamedProfile& named : profiles) {
    for (const options::Iroute& iroute : named.profile.iroutes) {
      for (const auto& [other, theirs] : all) {
        if (other == &named || theirs->prefix != iroute.prefix) continue;
        warn(issues, iroute.at,
             fmt::format("{} is already behind the client of {}; whoever connects last takes over "
                         "the traffic",
                         iroute.prefix.text(), other->source),
             "a network can lie behind one client only");
        break;
      }
      all.emplace_back(&named, &iroute);
    }
  }
}

void check_own_address(const std::vector<NamedProfile>& profiles, const Config& config,
                       Issues& issues) {
  if (!config.server.network) return;
  const ip::Address own = config.server.network->address.plus(1);
  for (const NamedProfile& named : profiles) {
    if (!named.profile.ifconfig_push || named.profile.ifconfig_push->first != own) continue;
    warn(issues, named.profile.ifconfig_push_at,
         fmt::format("{} is the server's own address", own.text()), "give the client another");
  }
}

}  // namespace

void check_clients(const Config& config, const Surroundings& around, Issues& issues) {
  if (config.mode != options::Mode::server || config.server.ccd.empty()) return;
  const auto profiles = read_profiles(config, around, issues);
  const Issues together = options::check_profiles(profiles, config);
  issues.insert(issues.end(), together.begin(), together.end());
  check_networks(profiles, issues);
  check_own_address(profiles, config, issues);
}

}  // namespace adit::lint
