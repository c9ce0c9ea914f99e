#include "setup/server_facts.h"

#include <algorithm>

#include "base/text.h"
#include "options/client_profile.h"
#include "options/lexer.h"
#include "options/parser.h"
#include "setup/conf_text.h"

namespace adit::setup {

namespace {

// A site and what is said of it.
struct SiteWords {
  std::string site;
  std::vector<std::string> words;
};

// Earlier versions wrote a name with blanks as it is: it goes on until a network comes.
SiteWords site_words_of(std::string_view value) {
  auto words = options::split_words(value);
  if (!words || words->empty()) return {};
  const auto is_network = [](const std::string& word) {
    return word.find('/') != std::string::npos || ip::Prefix::parse(word);
  };
  const auto end = std::find_if(words->begin() + 1, words->end(), is_network);
  // Without any it is not to be told where the name ends.
  const auto first = end == words->end() ? words->begin() + 1 : end;
  return {join({words->begin(), first}, " "), {first, words->end()}};
}

std::vector<SiteWords> variables_of_sites(const options::Config& config, std::string_view name) {
  std::vector<SiteWords> all;
  for (const auto& [key, value] : config.scripts.variables) {
    if (key != name) continue;
    if (SiteWords words = site_words_of(value); !words.site.empty()) {
      all.push_back(std::move(words));
    }
  }
  return all;
}

// "route 192.168.1.0 255.255.255.0", "route-ipv6 fd00::/64"
std::optional<ip::Prefix> route_of(const std::vector<std::string>& words) {
  if (words.size() < 2) return std::nullopt;
  if (words[0] == "route-ipv6") return ip::Prefix::parse(words[1]);
  if (words[0] != "route") return std::nullopt;
  return ip::Prefix::parse(words[1], words.size() > 2 ? words[2] : "");
}

void add_once(std::vector<ip::Prefix>& all, const ip::Prefix& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

void take_routes(const options::Config& config, ServerFacts& facts) {
  for (const options::RouteLine& line : config.routes.v4) {
    const auto to = ip::Prefix::parse(line.network, line.netmask);
    if (to) add_once(facts.routed, *to);
  }
  for (const options::RouteLine6& line : config.routes.v6) {
    if (const auto to = ip::Prefix::parse(line.prefix)) add_once(facts.routed, *to);
  }
}

// Routes that are pushed and lead to no client lead to networks behind this host.
void take_pushes(const options::Config& config, ServerFacts& facts) {
  for (const std::string& pushed : config.server.push) {
    const auto words = options::split_words(pushed);
    if (!words || words->empty()) continue;
    if (words->front() == "redirect-gateway") facts.full_tunnel = true;
    if (words->size() == 3 && words->front() == "dhcp-option" && (*words)[1] == "DNS") {
      if (const auto server = ip::Address::parse((*words)[2])) facts.dns.push_back(*server);
    }
    const auto to = route_of(*words);
    if (!to || to == facts.network || to == facts.network6) continue;
    if (std::ranges::find(facts.routed, *to) == facts.routed.end()) add_once(facts.lans, *to);
  }
}

// As they will be, by name.
Result<std::map<std::string, std::string>> client_texts(Host& host, const std::string& folder,
                                                        const ClientTexts& changed) {
  std::map<std::string, std::string> all;
  for (const std::string& name : host.files_in(folder)) {
    if (name.ends_with(".adit-new")) continue;
    auto file = host.read_file(folder + "/" + name);
    if (!file) return fail_with(file.error());
    if (*file) all[name] = std::move((*file)->text);
  }
  for (const auto& [name, text] : changed) {
    if (text) {
      all[name] = *text;
    } else {
      all.erase(name);
    }
  }
  return all;
}

ClientFile client_of(const std::string& name, const std::string& text, const std::string& path,
                     const options::Config& config) {
  const auto parsed = options::parse_client_profile(text, path, config);
  ClientFile client{name, {}, {}};
  if (parsed.profile.ifconfig_push) client.fixed = parsed.profile.ifconfig_push->first;
  if (const auto& pushed = parsed.profile.ifconfig_ipv6_push) client.fixed6 = pushed->address;
  for (const options::Iroute& iroute : parsed.profile.iroutes) {
    client.behind.push_back(iroute.prefix);
  }
  return client;
}

}  // namespace

std::string variable(const options::Config& config, std::string_view name) {
  for (auto one = config.scripts.variables.rbegin(); one != config.scripts.variables.rend();
       ++one) {
    if (one->first == name) return one->second;
  }
  return {};
}

const ClientFile* ServerFacts::client(std::string_view name) const {
  const auto found = std::ranges::find(clients, name, &ClientFile::name);
  return found == clients.end() ? nullptr : &*found;
}

ServerFacts facts_of(const options::Config& config) {
  ServerFacts facts;
  facts.endpoint = variable(config, endpoint_variable);
  facts.firewall = variable(config, firewall_variable) != "none";
  facts.snat = variable(config, snat_variable) == "yes";
  const std::string port = config.connection.local_port.value_or("1194");
  facts.port = to_number<std::uint16_t>(port).value_or(facts.port);
  facts.tcp = config.connection.proto.is_tcp();
  facts.subnet = config.device.topology == options::Topology::subnet;
  facts.device = config.device.name;
  facts.network = config.server.network;
  facts.network6 = config.server.network6;
  if (!facts.network6 && config.device.ifconfig_ipv6) {
    facts.network6 = ip::Prefix::parse(config.device.ifconfig_ipv6->first);
  }
  if (config.server.pool) {
    const auto first = ip::Address::parse_v4(config.server.pool->start);
    const auto last = ip::Address::parse_v4(config.server.pool->end);
    if (first && last) facts.pool = {*first, *last};
  }
  take_routes(config, facts);
  take_pushes(config, facts);
  facts.maps = maps_of(config);
  for (const auto& [site, words] : variables_of_sites(config, deny_variable)) {
    auto& denied = facts.denied[site];
    for (const std::string& word : words) {
      if (const auto from = ip::Prefix::parse(word)) add_once(denied, *from);
    }
  }
  return facts;
}

Result<ServerFacts> read_server_text(Host& host, const std::string& dir, const std::string& text,
                                     const ClientTexts& clients) {
  const auto config = options::load_text(text, dir + "/server.conf");
  if (!config) return fail_with(config.error());
  ServerFacts facts = facts_of(*config);
  const std::string& ccd = config->server.ccd;
  if (ccd.empty()) return facts;
  facts.ccd = ccd.starts_with('/') ? ccd : dir + "/" + ccd;
  const auto texts = client_texts(host, facts.ccd, clients);
  if (!texts) return fail_with(texts.error());
  for (const auto& [name, one] : *texts) {
    facts.clients.push_back(client_of(name, one, facts.ccd + "/" + name, *config));
  }
  return facts;
}

Result<std::string> server_text(Host& host, const std::string& dir) {
  auto file = host.read_file(dir + "/server.conf");
  if (!file) return fail_with(file.error());
  if (*file) return std::move((*file)->text);
  return fail_with({"there is no " + dir + "/server.conf", "make a server first: adit up"});
}

Result<ServerFacts> read_server(Host& host, const std::string& dir) {
  const auto text = server_text(host, dir);
  if (!text) return fail_with(text.error());
  return read_server_text(host, dir, *text);
}

std::vector<ip::Prefix> prefixes_in(std::string_view text) {
  std::vector<ip::Prefix> all;
  for (const std::string_view part : split(text, ',')) {
    for (const std::string_view word : split(part, ' ')) {
      if (const auto prefix = ip::Prefix::parse(word)) add_once(all, *prefix);
    }
  }
  return all;
}

std::vector<NamedMap> maps_of(const options::Config& config) {
  std::vector<NamedMap> maps;
  for (const auto& [site, words] : variables_of_sites(config, map_variable)) {
    if (words.size() != 2) continue;
    const auto real = ip::Prefix::parse(words[0]);
    const auto shown = ip::Prefix::parse(words[1]);
    if (real && shown) maps.push_back({site, {*real, *shown}});
  }
  return maps;
}

std::string site_value(const std::string& site, const std::vector<ip::Prefix>& of) {
  std::vector<std::string> words{site};
  for (const ip::Prefix& one : of) words.push_back(one.text());
  return conf_line(words);
}

std::string site_in(std::string_view value) { return site_words_of(value).site; }

std::string texts(const std::vector<ip::Prefix>& prefixes) {
  std::string text;
  for (const ip::Prefix& prefix : prefixes) text += (text.empty() ? "" : " ") + prefix.text();
  return text;
}

std::vector<std::string> route_words(std::string_view option, const ip::Prefix& prefix) {
  if (!prefix.address.is_v4()) return {std::string(option) + "-ipv6", prefix.text()};
  return {std::string(option), prefix.address.text(), prefix.netmask().text()};
}

}  // namespace adit::setup
