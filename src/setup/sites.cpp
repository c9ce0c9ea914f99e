#include "setup/sites.h"

#include <algorithm>

#include "firewall/ruleset.h"
#include "setup/addresses.h"

namespace adit::setup {

namespace {

using Words = ConfText::Words;

struct Server {
  std::string text;
  ServerFacts facts;
};

Result<Server> load_server(Host& host, const std::string& dir) {
  auto text = server_text(host, dir);
  if (!text) return fail_with(text.error());
  auto facts = read_server_text(host, dir, *text);
  if (!facts) return fail_with(facts.error());
  if (facts->ccd.empty()) {
    return fail_with({dir + "/server.conf has no client-config-dir, where sites are written",
                      "add the line \"client-config-dir ccd\""});
  }
  return Server{std::move(*text), std::move(*facts)};
}

// What others use: this site's former networks do not count.
std::vector<NamedNetwork> used_by_others(Host& host, const ServerFacts& facts,
                                         const std::string& name) {
  std::vector<NamedNetwork> used;
  for (NamedNetwork& one : networks_of(facts)) {
    if (one.what != "the site " + name) used.push_back(std::move(one));
  }
  std::ranges::move(networks_of(host, &facts), std::back_inserter(used));
  return used;
}

// An example of the same length for the advice.
std::string example(const ip::Prefix& like, const std::vector<NamedNetwork>& used) {
  constexpr std::uint32_t ten_dot_77 = 0x0A4D0000;
  constexpr std::uint32_t step = 256, tries = 200;
  for (std::uint32_t i = 1; like.address.is_v4() && i < tries; ++i) {
    const auto one = ip::Prefix::of(ip::Address::v4(ten_dot_77 + i * step), like.length);
    if (!overlap({"", one}, used)) return one.text();
  }
  return like.address.is_v4() ? "10.77.0.0/" + std::to_string(like.length) : "fd77::/64";
}

Status check_networks(const SiteRequest& request, const std::vector<ip::Prefix>& seen,
                      const std::vector<NamedNetwork>& used) {
  if (!request.shown.empty() && request.shown.size() != request.lans.size()) {
    return fail("--map names {} networks and --lan {}: each needs one", request.shown.size(),
                request.lans.size());
  }
  for (std::size_t i = 0; i < request.shown.size(); ++i) {
    if (request.shown[i].length == request.lans[i].length) continue;
    return fail_with({fmt::format("{} cannot stand for {}: they differ in size",
                                  request.shown[i].text(), request.lans[i].text()),
                      "choose one such as " + example(request.lans[i], used)});
  }
  std::vector<NamedNetwork> others = used;
  for (const ip::Prefix& one : seen) {
    auto error = overlap({"--" + std::string(request.shown.empty() ? "lan" : "map"), one}, others);
    if (error) {
      error->advice = "let the site be seen under other addresses: --map " + example(one, used);
      return fail_with(std::move(*error));
    }
    others.push_back({"the site " + request.name, one});
  }
  return {};
}

Result<std::vector<ip::Prefix>> denied_by(const ServerFacts& facts,
                                          const std::vector<std::string>& words) {
  std::vector<ip::Prefix> denied;
  for (const std::string& word : words) {
    if (const auto prefix = ip::Prefix::parse(word)) {
      denied.push_back(*prefix);
      continue;
    }
    const ClientFile* client = facts.client(word);
    if (client == nullptr || (!client->fixed && client->behind.empty())) {
      return fail_with({fmt::format("--deny: \"{}\" is neither a network nor a site or client with "
                                    "a fixed address",
                                    word),
                        "write a network such as 10.8.0.0/24, or give that client an --ip"});
    }
    denied.insert(denied.end(), client->behind.begin(), client->behind.end());
    if (client->fixed) denied.push_back(ip::Prefix::host(*client->fixed));
  }
  return denied;
}

Words push_route(const ip::Prefix& network) { return push_words(route_words("route", network)); }

// Takes the routes to `former` out of the configuration and puts those to `seen` in.
void replace_routes(ConfText& conf, const std::vector<ip::Prefix>& former,
                    const std::vector<ip::Prefix>& seen) {
  std::vector<Words> routes, pushes;
  for (const ip::Prefix& one : seen) {
    routes.push_back(route_words("route", one));
    pushes.push_back(push_route(one));
  }
  const auto among = [&](const std::vector<ip::Prefix>& networks, const Words& line) {
    return std::ranges::any_of(networks, [&](const ip::Prefix& one) {
      return line == route_words("route", one) || line == push_route(one);
    });
  };
  const auto of_site = [&](std::string_view option) {
    return [&among, &former, &seen, push = option == "push"](const Words& line) {
      return (line.front() == "push") == push && (among(former, line) || among(seen, line));
    };
  };
  conf.set_all(of_site("route"), routes, "client-config-dir");
  conf.set_all(of_site("push"), pushes, "push");
}

ConfText::Matches variable_of_site(const char* variable, const std::string& site) {
  return [variable, site](const Words& words) {
    return words.size() == 3 && words[0] == "setenv" && words[1] == variable &&
           site_in(words[2]) == site;
  };
}

void set_notes(ConfText& conf, const SiteRequest& request, const std::vector<ip::Prefix>& denied) {
  std::vector<Words> maps;
  for (std::size_t i = 0; i < request.shown.size(); ++i) {
    maps.push_back(
        {"setenv", map_variable, site_value(request.name, {request.lans[i], request.shown[i]})});
  }
  conf.set_all(variable_of_site(map_variable, request.name), maps, "setenv");
  std::vector<Words> deny;
  if (!denied.empty()) {
    deny.push_back({"setenv", deny_variable, site_value(request.name, denied)});
  }
  conf.set_all(variable_of_site(deny_variable, request.name), deny, "setenv");
}

Result<std::string> client_text(Host& host, const ServerFacts& facts, const std::string& name) {
  const auto file = host.read_file(facts.ccd + "/" + name);
  if (!file) return fail_with(file.error());
  return *file ? (*file)->text : std::string{};
}

bool is_iroute(const Words& words) {
  return words.front() == "iroute" || words.front() == "iroute-ipv6";
}

Result<std::string> file_of_site(Host& host, const ServerFacts& facts, const SiteRequest& request,
                                 const std::vector<ip::Prefix>& seen) {
  const auto text = client_text(host, facts, request.name);
  if (!text) return fail_with(text.error());
  ConfText file(*text);
  const ClientFile* client = facts.client(request.name);
  auto fixed = request.fixed;
  if (fixed) {
    if (Status good = check_fixed_address(facts, request.name, *fixed); !good) {
      return fail_with(good.error());
    }
  } else if ((client == nullptr || !client->fixed) && facts.subnet) {
    fixed = free_fixed_address(facts);
  }
  if (fixed) {
    if (Status set = set_fixed_address(file, facts, *fixed); !set) return fail_with(set.error());
  }
  std::vector<Words> iroutes;
  iroutes.reserve(seen.size());
  for (const ip::Prefix& one : seen) iroutes.push_back(route_words("iroute", one));
  file.set_all(is_iroute, iroutes);
  return file.text();
}

}  // namespace

Result<Edit> edit_for_site(Host& host, const std::string& dir, const SiteRequest& request) {
  const auto server = load_server(host, dir);
  if (!server) return fail_with(server.error());
  const ServerFacts& facts = server->facts;
  const std::vector<ip::Prefix>& seen = request.shown.empty() ? request.lans : request.shown;
  const auto used = used_by_others(host, facts, request.name);
  if (Status good = check_networks(request, seen, used); !good) return fail_with(good.error());
  const auto denied = denied_by(facts, request.deny);
  if (!denied) return fail_with(denied.error());
  auto file = file_of_site(host, facts, request, seen);
  if (!file) return fail_with(file.error());
  const ClientFile* client = facts.client(request.name);
  ConfText conf(server->text);
  replace_routes(conf, client == nullptr ? std::vector<ip::Prefix>{} : client->behind, seen);
  set_notes(conf, request, *denied);
  Edit edit{.dir = dir};
  edit.conf = conf.text();
  edit.clients[request.name] = std::move(*file);
  return edit;
}

Result<Edit> edit_without_site(Host& host, const std::string& dir, const std::string& name) {
  const auto server = load_server(host, dir);
  if (!server) return fail_with(server.error());
  const ClientFile* client = server->facts.client(name);
  if (client == nullptr || client->behind.empty()) {
    return fail_with({"there is no site " + name, "adit site list shows those there are"});
  }
  ConfText conf(server->text);
  replace_routes(conf, client->behind, {});
  set_notes(conf, {name, {}, {}, {}}, {});
  const auto text = client_text(host, server->facts, name);
  if (!text) return fail_with(text.error());
  ConfText file(*text);
  file.remove(is_iroute);
  Edit edit{.dir = dir};
  edit.conf = conf.text();
  edit.clients[name] = file.text().empty() ? std::nullopt : std::optional(file.text());
  return edit;
}

std::vector<Site> sites_of(const ServerFacts& facts) {
  std::vector<Site> sites;
  for (const ClientFile& client : facts.clients) {
    if (client.behind.empty()) continue;
    Site site{client.name, client.fixed, client.behind, {}, {}};
    for (const NamedMap& map : facts.maps) {
      if (map.site == client.name) site.maps.push_back(map);
    }
    const auto denied = facts.denied.find(client.name);
    if (denied != facts.denied.end()) site.denied = denied->second;
    sites.push_back(std::move(site));
  }
  return sites;
}

Result<std::optional<std::string>> gateway_rules(const Site& site) {
  if (site.maps.empty()) return std::optional<std::string>{};
  firewall::Plan plan;
  plan.owner = "site";
  plan.device = "tun";
  for (const NamedMap& map : site.maps) plan.maps.push_back(map.map);
  auto rules = firewall::render(plan);
  if (!rules) return fail_with(rules.error());
  return std::optional(std::move(*rules));
}

}  // namespace adit::setup
