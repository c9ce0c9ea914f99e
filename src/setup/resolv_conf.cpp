#include "setup/resolv_conf.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::setup {

namespace {

constexpr std::size_t most_domains = 32;  // source: resolv.conf(5) of glibc 2.26 and later

void add_new(std::vector<std::string>& list, std::string_view word) {
  const bool known = std::ranges::find(list, word) != list.end();
  if (!known && list.size() < most_domains) list.emplace_back(word);
}

}  // namespace

std::string resolv_conf_lines(const std::vector<std::string>& servers,
                              const std::vector<std::string>& search) {
  std::string text;
  if (!search.empty()) text += "search " + join(search, " ") + "\n";
  for (const std::string& server : servers) text += "nameserver " + server + "\n";
  return text;
}

std::string changed_resolv_conf(std::string_view before, std::string_view device,
                                const std::vector<std::string>& servers,
                                const std::vector<std::string>& search) {
  std::vector<std::string> domains = search;
  std::string rest;
  for (const std::string_view line : split(before, '\n')) {
    const auto found = words(line);
    if (found.empty()) continue;
    const std::string_view kind = found.front();
    if (kind == "search" || kind == "domain") {
      for (std::size_t i = 1; i < found.size(); ++i) add_new(domains, found[i]);
      continue;
    }
    if (kind == "nameserver" && !servers.empty()) continue;
    rest += std::string(line) + "\n";
  }
  return fmt::format(
             "# Set by adit for {}; what stood here before comes back when the tunnel ends.\n",
             device) +
         resolv_conf_lines(servers, domains) + rest;
}

std::vector<std::string> name_servers_of(std::string_view resolv_conf) {
  std::vector<std::string> servers;
  for (const std::string_view line : split(resolv_conf, '\n')) {
    const auto found = words(line);
    if (found.size() >= 2 && found[0] == "nameserver") servers.emplace_back(found[1]);
  }
  return servers;
}

bool names_resolved_stub(std::string_view resolv_conf) {
  return std::ranges::any_of(name_servers_of(resolv_conf), [](const std::string& server) {
    return server == "127.0.0.53" || server == "127.0.0.54";
  });
}

bool asks_by_nss(std::string_view nsswitch) {
  for (const std::string_view line : split(nsswitch, '\n')) {
    const auto found = words(line);
    if (found.empty() || found[0] != "hosts:") continue;
    return std::ranges::find(found, "resolve") != found.end();
  }
  return false;
}

}  // namespace adit::setup
