// From what a tunnel brings to wishes, for each of the three ways.

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "firewall/outgoing.h"
#include "setup/names.h"
#include "setup/resolv_conf.h"
#include "setup/resolved_calls.h"

namespace adit::setup {

namespace {

using ports::NameServer;
using ports::NameSettings;

constexpr std::uint16_t usual_port = 53;
constexpr std::size_t most_servers = 3;  // source: resolv.conf(5)

std::string addresses_text(const NameServer& server) {
  std::vector<std::string> texts;
  for (const ip::Endpoint& at : server.addresses) {
    texts.push_back(at.port == 0 ? at.address.text() : at.text());
  }
  return join(texts, " ");
}

bool is_plain_server(const NameServer& server) {
  return server.transport.empty() || server.transport == "plain";
}

bool has_own_port(const NameServer& server) {
  return std::ranges::any_of(server.addresses, [](const ip::Endpoint& at) {
    return at.port != 0 && at.port != usual_port;
  });
}

// Why it cannot serve by that way; empty: it can.
std::string obstacle(const NameServer& server, NamesWay way) {
  if (server.transport == "DoH") return "this host's resolver does not speak DoH";
  if (way == NamesWay::resolved) return {};
  if (!is_plain_server(server)) return server.transport + " needs systemd-resolved";
  if (!server.domains.empty()) {
    return "it is for " + join(server.domains, ", ") +
           " only, and without systemd-resolved it would be asked for everything";
  }
  if (has_own_port(server)) return "a port other than 53 needs systemd-resolved";
  return {};
}

const NameServer* choose(const NameSettings& settings, NamesWay way, NamesPlan& plan) {
  for (const NameServer& server : settings.servers) {
    const std::string why = obstacle(server, way);
    if (why.empty()) return &server;
    plan.notes.push_back("DNS server " + addresses_text(server) + " is not used: " + why);
  }
  return nullptr;
}

std::vector<std::string> server_lines(const NameServer* server, NamesPlan& plan) {
  std::vector<std::string> lines;
  if (server == nullptr) return lines;
  for (const ip::Endpoint& at : server->addresses) lines.push_back(at.address.text());
  if (lines.size() > most_servers) {
    plan.notes.push_back(
        fmt::format("only the first {} of {} DNS servers are used", most_servers, lines.size()));
    lines.resize(most_servers);
  }
  return lines;
}

Wish wish_resolvconf(const NameSettings& settings, const std::vector<std::string>& servers) {
  const std::string interface = settings.device + ".openvpn";
  const std::string text = resolv_conf_lines(servers, settings.search);
  Wish wish{{Thing::Kind::hook, "resolvconf"}, {true, {}, 0}};
  wish.thing.put = {{"/bin/sh", "-c", "printf %s \"$1\" | resolvconf -a \"$0\"", interface, text}};
  wish.thing.take = {{"resolvconf", "-d", interface}};
  return wish;
}

Wish wish_resolv_conf(const NameSettings& settings, const std::vector<std::string>& servers,
                      const std::string& file, const State& before) {
  constexpr unsigned open_file = 0644;
  const std::string text = changed_resolv_conf(before.present ? before.text : std::string(),
                                               settings.device, servers, settings.search);
  return wish_file(file, text, before.present ? before.mode : open_file);
}

std::string_view name_of_way(NamesWay way) {
  switch (way) {
    case NamesWay::resolved:
      return "systemd-resolved";
    case NamesWay::resolvconf:
      return "resolvconf";
    case NamesWay::file:
      break;
  }
  return "/etc/resolv.conf";
}

std::string said_of(const NameSettings& settings, const NameServer* server, NamesWay way) {
  std::string text = fmt::format("DNS by {}:", name_of_way(way));
  if (server != nullptr) {
    text += fmt::format(" {} for {}", addresses_text(*server),
                        server->domains.empty() ? "all names" : join(server->domains, ", "));
  }
  if (!settings.search.empty()) text += " search " + join(settings.search, " ");
  return text;
}

void wish_only_inside(const NameSettings& settings, NamesPlan& plan) {
  const std::string owner = "names-" + settings.device;
  plan.wishes.emplace_back(Wish{
      {Thing::Kind::rules, owner},
      value_state(firewall::render(firewall::DnsBlock{owner, settings.device, settings.outer}))});
}

}  // namespace

NamesWay find_names_way(Host& host) {
  const auto content = [&](const char* path) {
    auto file = host.read_file(path);
    return file && *file ? std::move((*file)->text) : std::string();
  };
  const auto asks_resolved = [&] {
    if (names_resolved_stub(content("/etc/resolv.conf"))) return true;
    return asks_by_nss(content("/etc/nsswitch.conf"));
  };
  if (asks_resolved() && host.run(resolved_is_there()).status == 0) return NamesWay::resolved;
  // systemd-resolved brings a program of that name, too, and it is not a script.
  for (const char* path : {"/sbin/resolvconf", "/usr/sbin/resolvconf"}) {
    if (content(path).starts_with("#!")) return NamesWay::resolvconf;
  }
  return NamesWay::file;
}

NamesPlan plan_names(Host& host, const NameSettings& settings, NamesWay way,
                     const std::string& file, const State& before) {
  NamesPlan plan;
  const NameServer* server = choose(settings, way, plan);
  if (server == nullptr && settings.search.empty()) return plan;
  if (way == NamesWay::resolved) {
    const std::string index = device_index(host, settings.device);
    if (index.empty()) return plan;
    plan.wishes.emplace_back(wish_resolved(settings, server, index));
  } else {
    const auto servers = server_lines(server, plan);
    plan.wishes.emplace_back(way == NamesWay::resolvconf
                                 ? wish_resolvconf(settings, servers)
                                 : wish_resolv_conf(settings, servers, file, before));
  }
  if (settings.only_inside && server != nullptr) wish_only_inside(settings, plan);
  plan.said = said_of(settings, server, way);
  return plan;
}

}  // namespace adit::setup
