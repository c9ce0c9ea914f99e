#include "setup/server_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace adit::setup {

namespace {

using Words = ConfText::Words;

constexpr const char* head =
    R"(# A VPN server, in OpenVPN's own configuration language: adit and openvpn run it alike.
# Written once by "adit up". It is yours to edit; options given to "adit up" later change single
# lines and leave all others as they are. After an edit: adit up

# --- where clients come in
port 1194
proto udp
dev tun

# --- addresses inside the tunnel; the server has the first
topology subnet
server 10.8.0.0 255.255.255.0 nopool
# Given to clients as they come. Those below are for "adit client add NAME --ip ADDRESS".
ifconfig-pool 10.8.0.128 10.8.0.254 255.255.255.0
ifconfig-pool-persist ipp.txt
# One file for each client that has an address of its own or networks behind it.
client-config-dir ccd

# --- who may come in (adit pki list)
ca pki/ca-bundle.crt
cert pki/issued/server.crt
key pki/private/server.key
crl-verify pki/crl.pem
tls-crypt-v2 pki/tls-crypt-v2-server.key
remote-cert-tls client
dh none
tls-version-min 1.2
data-ciphers AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305

# --- life
keepalive 10 60
persist-key
persist-tun
explicit-exit-notify 1
status status.log 10
verb 3

# --- what clients are told: networks behind this host, name servers
)";

constexpr const char* notes = R"(
# --- notes of adit, which openvpn passes over
)";

bool is_push_of(const Words& words, std::string_view option) {
  return begins_with({"push", std::string(option)})(words);
}

void set_proto(ConfText& conf, bool tcp) {
  const auto was = conf.find("proto");
  const bool six = was && was->size() > 1 && was->back().find('6') != std::string::npos;
  std::string word = tcp ? "tcp" : "udp";
  if (six) word += "6";
  if (tcp) word += "-server";
  conf.set({"proto", word}, "port");
  // Only a datagram transport knows it; with TCP it is an error.
  if (tcp) {
    conf.remove(begins_with({"explicit-exit-notify"}));
  } else if (!conf.find("explicit-exit-notify")) {
    conf.set({"explicit-exit-notify", "1"}, "persist-tun");
  }
}

void set_network(ConfText& conf, const ip::Prefix& network) {
  const std::string mask = network.netmask().text();
  const auto was = conf.find("server");
  const bool has_pool = !was || was->back() == "nopool";
  Words words{"server", network.address.text(), mask};
  if (has_pool) words.emplace_back("nopool");
  conf.set(words, "topology");
  if (!has_pool) return;
  const Halves halves = halves_of(network);
  conf.set({"ifconfig-pool", halves.first_pool.text(), halves.last_pool.text(), mask}, "server");
}

// openvpn takes "server-ipv6" only beside a "server" with a pool; these lines are what it stands
// for.
void set_network6(ConfText& conf, const ip::Prefix& network) {
  const auto server = conf.find("server");
  if (!server || server->back() != "nopool") {
    return conf.set({"server-ipv6", network.text()}, "server");
  }
  const std::string length = "/" + std::to_string(network.length);
  const ip::Address& first = network.address;
  conf.set({"ifconfig-ipv6", first.plus(1).text() + length, first.plus(2).text()},
           "ifconfig-pool-persist");
  conf.set({"ifconfig-ipv6-pool", first.plus(first_pool6).text() + length}, "ifconfig-ipv6");
}

void remove_network6(ConfText& conf) {
  for (const char* option : {"server-ipv6", "ifconfig-ipv6", "ifconfig-ipv6-pool"}) {
    conf.remove(begins_with({option}));
  }
}

void set_lans(ConfText& conf, const ServerFacts& facts, const std::vector<ip::Prefix>& lans) {
  std::vector<Words> wanted;
  wanted.reserve(lans.size());
  for (const ip::Prefix& lan : lans) wanted.push_back(push_words(route_words("route", lan)));
  std::vector<Words> former;
  former.reserve(facts.lans.size());
  for (const ip::Prefix& lan : facts.lans) former.push_back(push_words(route_words("route", lan)));
  const auto ours = [&](const Words& words) {
    return std::ranges::find(wanted, words) != wanted.end() ||
           std::ranges::find(former, words) != former.end();
  };
  conf.set_all(ours, wanted, "push");
}

void set_full_tunnel(ConfText& conf, bool on, bool v6) {
  std::vector<Words> wanted;
  if (on)
    wanted.push_back(push_words({v6 ? "redirect-gateway def1 ipv6" : "redirect-gateway def1"}));
  conf.set_all([](const Words& words) { return is_push_of(words, "redirect-gateway"); }, wanted,
               "push");
}

void set_dns(ConfText& conf, const std::vector<ip::Address>& servers) {
  std::vector<Words> wanted;
  wanted.reserve(servers.size());
  for (const ip::Address& server : servers) {
    wanted.push_back(push_words({"dhcp-option", "DNS", server.text()}));
  }
  conf.set_all(begins_with({"push", "dhcp-option", "DNS"}), wanted, "push");
}

}  // namespace

Halves halves_of(const ip::Prefix& network) {
  const std::uint64_t size = std::uint64_t{1} << (network.address.bits() - network.length);
  return {network.address.plus(2), network.address.plus(size / 2 - 1),
          network.address.plus(size / 2), network.address.plus(size - 2)};
}

void set_variable(ConfText& conf, const std::string& name, const std::string& value) {
  std::vector<Words> wanted;
  if (!value.empty()) wanted.push_back({"setenv", name, value});
  conf.set_all(begins_with({"setenv", name}), wanted, "setenv");
}

void edit_server_conf(ConfText& conf, const ServerFacts& facts, const ServerSettings& settings) {
  if (settings.port) conf.set({"port", std::to_string(*settings.port)});
  if (settings.tcp) set_proto(conf, *settings.tcp);
  if (settings.network) set_network(conf, *settings.network);
  if (settings.network6) set_network6(conf, *settings.network6);
  if (settings.no_network6) remove_network6(conf);
  const bool v6 = settings.network6 || (facts.network6 && !settings.no_network6);
  if (settings.lans) {
    set_lans(conf, facts, *settings.lans);
    if (settings.with_notes) set_variable(conf, lan_variable, texts(*settings.lans));
  }
  if (settings.full_tunnel) set_full_tunnel(conf, *settings.full_tunnel, v6);
  if (settings.dns) set_dns(conf, *settings.dns);
  if (settings.endpoint) set_variable(conf, endpoint_variable, *settings.endpoint);
  if (settings.firewall) set_variable(conf, firewall_variable, *settings.firewall ? "" : "none");
  if (settings.snat) set_variable(conf, snat_variable, *settings.snat ? "yes" : "");
}

std::string new_server_conf(const ServerSettings& settings, bool dual_stack) {
  ConfText conf{head};
  if (dual_stack) conf.set({"proto", "udp6"});
  ServerSettings all = settings;
  all.endpoint.reset();
  all.with_notes = false;
  const std::optional<bool> firewall = std::exchange(all.firewall, std::nullopt);
  const std::optional<bool> snat = std::exchange(all.snat, std::nullopt);
  edit_server_conf(conf, {}, all);
  ConfText whole(conf.text() + notes);
  if (settings.lans) set_variable(whole, lan_variable, texts(*settings.lans));
  if (settings.endpoint) set_variable(whole, endpoint_variable, *settings.endpoint);
  if (firewall && !*firewall) set_variable(whole, firewall_variable, "none");
  if (snat && *snat) set_variable(whole, snat_variable, "yes");
  return whole.text();
}

}  // namespace adit::setup
