#include "node/server_hints.h"

#include <algorithm>

#include "base/text.h"
#include "options/client_profile.h"

namespace adit::node {

namespace {

constexpr std::size_t most_files = 1000;  // of which each is read at the start

std::vector<options::NamedProfile> read_profiles(const options::Config& config,
                                                 ports::StorePort& store,
                                                 std::vector<std::string>& hints) {
  std::vector<options::NamedProfile> profiles;
  const std::string& folder = config.server.ccd;
  if (folder.empty()) return profiles;
  for (const std::string& name : store.list(folder, most_files)) {
    const std::string path = folder + "/" + name;
    const auto text = store.read(path);
    if (!text) continue;
    auto parsed = options::parse_client_profile(*text, path, config);
    for (const options::Issue& issue : parsed.issues) hints.push_back(issue.text());
    profiles.push_back({path, std::move(parsed.profile)});
  }
  return profiles;
}

// "route 192.168.1.0 255.255.255.0" leads to a host behind the server; the tunnel's own network
// does not.
bool leads_beyond(const std::string& pushed, const options::Config& config) {
  const auto words = split(pushed, ' ');
  if (words.size() < 2 || words[0] != "route") return false;
  const auto address = ip::Address::parse_v4(words[1]);
  const auto& own = config.server.network;
  return !address || !own || !own->contains(*address);
}

bool needs_forwarding(const options::Config& config,
                      const std::vector<options::NamedProfile>& profiles) {
  const auto pushes_beyond = [&](const std::string& line) { return leads_beyond(line, config); };
  const auto has_network = [](const options::NamedProfile& named) {
    return !named.profile.iroutes.empty();
  };
  return std::ranges::any_of(config.server.push, pushes_beyond) ||
         std::ranges::any_of(profiles, has_network);
}

}  // namespace

std::vector<std::string> server_hints(const options::Config& config, ports::StorePort& store,
                                      bool forwards) {
  std::vector<std::string> hints;
  const auto profiles = read_profiles(config, store, hints);
  for (const options::Issue& issue : options::check_profiles(profiles, config)) {
    hints.push_back(issue.text());
  }
  if (!forwards && needs_forwarding(config, profiles)) {
    hints.emplace_back(
        "net.ipv4.ip_forward=0: hosts behind this server or its clients will not be reachable; set "
        "it with: sysctl -w net.ipv4.ip_forward=1");
  }
  return hints;
}

}  // namespace adit::node
