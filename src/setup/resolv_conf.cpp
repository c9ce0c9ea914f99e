#include "setup/resolv_conf.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"

namespace adit::setup {

namespace {

constexpr std::size_t most_domains = 32;  // source: resolv.conf(5) of glibc 2.26 and later

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : std::string(line) + ' ') {
    if (c != ' ' && c != '\t' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

void add_new(std::vector<std::string>& list, const std::string& word) {
  const bool known = std::ranges::find(list, word) != list.end();
  if (!known && list.size() < most_domains) list.push_back(word);
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
    const auto words = words_of(line);
    if (words.empty()) continue;
    const std::string& kind = words.front();
    if (kind == "search" || kind == "domain") {
      for (std::size_t i = 1; i < words.size(); ++i) add_new(domains, words[i]);
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

bool names_resolved_stub(std::string_view resolv_conf) {
  for (const std::string_view line : split(resolv_conf, '\n')) {
    const auto words = words_of(line);
    if (words.size() < 2 || words[0] != "nameserver") continue;
    if (words[1] == "127.0.0.53" || words[1] == "127.0.0.54") return true;
  }
  return false;
}

bool asks_by_nss(std::string_view nsswitch) {
  for (const std::string_view line : split(nsswitch, '\n')) {
    const auto words = words_of(line);
    if (words.empty() || words[0] != "hosts:") continue;
    return std::ranges::find(words, "resolve") != words.end();
  }
  return false;
}

}  // namespace adit::setup
