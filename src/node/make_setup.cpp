#include "node/make_setup.h"

#include <algorithm>

#include "base/text.h"
#include "options/listen.h"

namespace adit::node {

namespace {

bool is_tcp(const options::Connection& connection) { return connection.proto.is_tcp(); }

// A pair changes places; a network is the same on both sides.
std::string ifconfig_for_peer(const options::Config& config) {
  const auto& [local, second] = *config.device.ifconfig;
  const auto address = ip::Address::parse_v4(local), mask = ip::Address::parse_v4(second);
  const auto length = mask ? ip::prefix_length_of_netmask(*mask) : std::nullopt;
  if (!config.device.is_tap() || !address || !length) return second + " " + local;
  return address->masked(*length).text() + " " + second;
}

OptionsStringFacts options_facts(const options::Config& config,
                                 const options::Connection& connection, bool tls_server) {
  OptionsStringFacts facts;
  facts.tls_server = tls_server;
  facts.tcp = is_tcp(connection);
  facts.point_to_point = config.mode == options::Mode::p2p && !config.client.pull;
  facts.tls_auth = connection.tls_auth.defined() && !connection.tls_crypt.defined();
  facts.fragment = connection.fragment.has_value();
  facts.static_key = config.secret.defined();
  if (facts.tls_auth || facts.static_key) facts.key_direction = connection.key_direction;
  if (facts.point_to_point && config.device.ifconfig) facts.ifconfig = ifconfig_for_peer(config);
  return facts;
}

Status set_addresses(const options::Config& config, ServerSetup& setup) {
  setup.facts.topology = setup.pool.topology =
      config.device.topology.value_or(options::Topology::net30);
  if (config.device.ifconfig) {
    setup.facts.local4 = ip::Address::parse_v4(config.device.ifconfig->first);
    if (setup.facts.topology == options::Topology::subnet) {
      const auto mask = ip::Address::parse_v4(config.device.ifconfig->second);
      if (mask) setup.facts.netmask4_length = ip::prefix_length_of_netmask(*mask);
    }
  }
  if (config.device.ifconfig_ipv6) {
    const auto slash = config.device.ifconfig_ipv6->first.find('/');
    setup.facts.local6 = ip::Address::parse_v6(config.device.ifconfig_ipv6->first.substr(0, slash));
    const auto prefix = ip::Prefix::parse(config.device.ifconfig_ipv6->first);
    if (prefix) setup.facts.bits6 = prefix->length;
  }
  const options::Server& server = config.server;
  if (server.pool && !setup.facts.netmask4_length) {
    const auto mask = ip::Address::parse_v4(server.pool->netmask);
    if (mask) setup.facts.netmask4_length = ip::prefix_length_of_netmask(*mask);
  }
  if (server.pool) {
    setup.pool.first4 = ip::Address::parse_v4(server.pool->start);
    setup.pool.last4 = ip::Address::parse_v4(server.pool->end);
    if (!setup.pool.first4 || !setup.pool.last4) {
      return fail("{}: ifconfig-pool needs two IPv4 addresses", server.pool->at.text());
    }
  }
  if (server.pool6) {
    setup.pool.network6 = ip::Prefix::of(server.pool6->address, server.pool6->length);
    setup.pool.first6 = server.pool6->address;
    setup.facts.bits6 = server.pool6->length;
  }
  setup.pool.duplicate_cn = server.duplicate_cn;
  return {};
}

}  // namespace

Result<ServerSetup> make_server_setup(const options::Config& config, const SetupContext& context,
                                      ports::StorePort& store) {
  if (Status loaded = load_ciphers(config); !loaded) return fail_with(loaded.error());
  ServerSetup setup;
  setup.config = config;
  auto wrapping = load_wrapping(config.connection, config.channel.auth, true, store);
  if (!wrapping) return fail_with(wrapping.error());
  setup.wrapping = std::move(*wrapping);
  setup.mtu = make_mtu_setup(config, config.connection);
  if (Status enough = check_tun_mtu(setup.mtu); !enough) return fail_with(enough.error());
  setup.offer = make_offer(config);
  setup.session.tls_server = true;
  setup.session.exchange = session::Exchange::pushing;
  setup.session.tls = &context.tls;
  setup.session.rng = &context.rng;
  fill_session_setup(setup.session, config, config.connection, true);
  OptionsStringFacts facts = options_facts(config, config.connection, true);
  facts.tcp = !options::listens_to_udp(config);
  setup.session.options = make_options_string(config, facts, setup.mtu);
  if (!facts.tcp && options::listens_to_tcp(config)) {
    facts.tcp = true;
    setup.stream_session = setup.session;
    setup.stream_session->options = make_options_string(config, facts, setup.mtu);
  }
  if (Status set = set_addresses(config, setup); !set) return fail_with(set.error());
  std::optional<crypto::AuthTokenKey> passing_key;
  auto& random_key = context.random_token_key ? *context.random_token_key : passing_key;
  auto tokens = SessionTokens::load(config, store, context.rng, random_key);
  if (!tokens) return fail_with(tokens.error());
  setup.tokens = std::move(*tokens);
  setup.facts.push = config.server.push;
  setup.facts.most_iroutes = config.server.max_routes_per_client;
  setup.facts.routes_networks = !config.device.is_tap();
  setup.title = context.title;
  setup.environment = common_environment(config, context.process);
  return setup;
}

Result<ClientSetup> make_client_setup(const options::Config& config,
                                      const options::Connection& connection,
                                      const SetupContext& context, ports::StorePort& store) {
  if (Status loaded = load_ciphers(config); !loaded) return fail_with(loaded.error());
  ClientSetup setup;
  setup.config = config;
  setup.connection = connection;
  setup.tcp = is_tcp(connection);
  const bool tls_server = config.tls_role == options::TlsRole::server;
  auto wrapping = load_wrapping(connection, config.channel.auth, tls_server, store);
  if (!wrapping) return fail_with(wrapping.error());
  setup.wrapping = std::move(*wrapping);
  setup.mtu = make_mtu_setup(config, connection);
  if (Status enough = check_tun_mtu(setup.mtu); !enough) return fail_with(enough.error());
  setup.offer = make_offer(config);
  const bool pull = config.client.pull;
  setup.session.tls_server = tls_server;
  setup.session.exchange = pull ? session::Exchange::pulling : session::Exchange::point_to_point;
  setup.session.tls = &context.tls;
  setup.session.rng = &context.rng;
  fill_session_setup(setup.session, config, connection, false);
  setup.session.options =
      make_options_string(config, options_facts(config, connection, tls_server), setup.mtu);
  const std::uint32_t proto =
      pull ? session::client_proto(setup.offer) : session::point_to_point_proto(setup.offer);
  const unsigned iv_mtu =
      pull ? std::max(connection.tun_mtu_max.value_or(1600), setup.mtu.tun_mtu) : 0;
  setup.session.peer_info = session::own_peer_info(setup.offer, proto, iv_mtu).text();
  setup.environment = common_environment(config, context.process);
  return setup;
}

Result<ClientSetup> make_static_setup(const options::Config& config,
                                      const options::Connection& connection,
                                      const ProcessFacts& process, ports::StorePort& store) {
  if (Status loaded = load_ciphers(config); !loaded) return fail_with(loaded.error());
  ClientSetup setup;
  setup.config = config;
  setup.connection = connection;
  setup.tcp = is_tcp(connection);
  auto key = make_static_key(config, connection, store);
  if (!key) return fail_with(key.error());
  setup.static_key = std::move(*key);
  setup.mtu = make_mtu_setup(config, connection);
  setup.session.options =
      make_options_string(config, options_facts(config, connection, false), setup.mtu);
  setup.environment = common_environment(config, process);
  return setup;
}

std::vector<std::pair<std::string, std::string>> detailed_peer_info(
    const options::Config& config, const std::string& hardware_address, const std::string& ssl,
    const std::string& platform) {
  std::vector<std::pair<std::string, std::string>> lines;
  if (!config.client.push_peer_info) return lines;
  if (!hardware_address.empty()) lines.emplace_back("IV_HWADDR", hardware_address);
  lines.emplace_back("IV_SSL", ssl);
  lines.emplace_back("IV_PLAT_VER", platform);
  for (const auto& [name, value] : config.scripts.variables) {
    if (name.starts_with("UV_") || name == "IV_GUI_VER" || name == "IV_SSO") {
      lines.emplace_back(name, value);
    }
  }
  return lines;
}

void fill_server_gateways(const options::Config& config, RouteFacts& facts) {
  if (!config.routes.gateway.empty()) {
    facts.vpn_gateway = ip::Address::parse_v4(config.routes.gateway);
  } else if (config.device.ifconfig && config.device.topology.value_or(options::Topology::net30) !=
                                           options::Topology::subnet) {
    facts.vpn_gateway = ip::Address::parse_v4(config.device.ifconfig->second);
  }
  if (config.device.ifconfig_ipv6) {
    facts.vpn_gateway6 = ip::Address::parse_v6(config.device.ifconfig_ipv6->second);
  }
}

}  // namespace adit::node
