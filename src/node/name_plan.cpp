#include "node/name_plan.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "options/dns_address.h"

namespace adit::node {

namespace {

using ports::NameServer;
using Words = std::vector<std::string>;

void add_new(std::vector<std::string>& list, const std::string& word) {
  if (std::ranges::find(list, word) == list.end()) list.push_back(word);
}

void take_server_line(NameServer& server, const Words& words) {
  const std::string& kind = words[2];
  const Words values(words.begin() + 3, words.end());
  if (kind == "address") {
    for (const std::string& value : values) {
      if (const auto at = options::parse_dns_address(value)) server.addresses.push_back(*at);
    }
  } else if (kind == "resolve-domains") {
    for (const std::string& value : values) add_new(server.domains, value);
  } else if (kind == "dnssec") {
    server.dnssec = values.front();
  } else if (kind == "transport") {
    server.transport = values.front();
  } else if (kind == "sni") {
    server.sni = values.front();
  }
}

void take_dns_options(const std::vector<Words>& lines, ports::NameSettings& settings) {
  std::map<int, NameServer> servers;
  for (const Words& words : lines) {
    if (words.size() >= 2 && words[0] == "search-domains") {
      for (std::size_t i = 1; i < words.size(); ++i) add_new(settings.search, words[i]);
    } else if (words.size() >= 4 && words[0] == "server") {
      take_server_line(servers[to_number<int>(words[1]).value_or(0)], words);
    }
  }
  for (auto& [number, server] : servers) {
    if (!server.addresses.empty()) settings.servers.push_back(std::move(server));
  }
}

// source: surfaces 13.5
void take_dhcp_options(const std::vector<std::string>& options, ports::NameSettings& settings) {
  NameServer server;
  for (const std::string& option : options) {
    const auto words = split(option, ' ');
    if (words.size() < 3) continue;
    const std::string value(words[2]);
    if (words[1] == "DNS" || words[1] == "DNS6") {
      const auto address = ip::Address::parse(value);
      if (address) server.addresses.push_back({*address, 0, 0});
    } else if (words[1] == "DOMAIN" || words[1] == "DOMAIN-SEARCH" ||
               words[1] == "ADAPTER_DOMAIN_SUFFIX") {
      add_new(settings.search, value);
    }
  }
  if (settings.servers.empty() && !server.addresses.empty()) settings.servers.push_back(server);
}

}  // namespace

ports::NameSettings name_settings(const options::Scripts& scripts) {
  ports::NameSettings settings;
  take_dns_options(scripts.dns, settings);
  take_dhcp_options(scripts.foreign_options, settings);
  return settings;
}

NamePlan plan_names(const options::Scripts& scripts, const options::Routes& routes,
                    const options::Device& device, bool told_by_plugin) {
  using Choice = options::DnsUpdown;
  ports::NameSettings settings = name_settings(scripts);
  const bool nothing = settings.servers.empty() && settings.search.empty();
  if (nothing) {
    if (!routes.block_outside_dns) return {};
    return {{}, "block-outside-dns has no effect: the tunnel brings no DNS server"};
  }
  if (scripts.dns_choice == Choice::disable) {
    return {{}, "DNS settings are left to scripts: dns-updown disable"};
  }
  settings.by_script = scripts.dns_updown.defined() && scripts.dns_choice != Choice::force;
  settings.only_inside = routes.block_outside_dns && !settings.servers.empty();
  if (settings.by_script || scripts.dns_choice == Choice::force) return {std::move(settings), {}};
  if (scripts.up.defined() || told_by_plugin) {
    return {{}, "DNS settings are left to the up script; dns-updown force sets them here"};
  }
  if (device.ifconfig_noexec) return {{}, "DNS settings are left alone: ifconfig-noexec"};
  return {std::move(settings), {}};
}

}  // namespace adit::node
