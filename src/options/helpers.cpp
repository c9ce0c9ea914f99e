#include "options/helpers.h"

#include <algorithm>

#include "options/ciphers.h"
#include "options/findings.h"
#include "options/listen.h"
#include "options/proxies.h"

namespace adit::options {

namespace {

constexpr Seconds restart_before_push{120};  // of a UDP client until the server says otherwise

DevType type_by_name(std::string_view name) {
  if (name.starts_with("tap")) return DevType::tap;
  return name == "null" ? DevType::null : DevType::tun;
}

void complete_device(Config& config) {
  Device& device = config.device;
  const bool telling =
      device.name.starts_with("tun") || device.name.starts_with("tap") || device.name == "null";
  if (!device.type && telling) device.type = type_by_name(device.name);
  // A netmask stands where tun devices with other topologies have a second address.
  if (device.is_tap()) device.topology = Topology::subnet;
}

void become_server(Config& config) {
  config.mode = Mode::server;
  config.tls_role = TlsRole::server;
}

void conflicts_of_helpers(const Config& config, const Findings& found) {
  for (const char* helper : {"server", "server-ipv6"}) {
    if (config.said_of(helper) == nullptr) continue;
    const std::string name = std::string("--") + helper;
    for (const char* client : {"client", "tls-client"}) {
      if (config.said_of(client) != nullptr) {
        found.error(client, name + " and --" + client + " cannot be used together",
                    "remove the one that this side is not");
      }
    }
    if (config.secret.defined()) {
      found.error("secret", name + " and --secret cannot be used together",
                  "remove secret: a server has TLS");
    }
    if (!config.device.type || config.device.type == DevType::null) {
      found.error(helper, name + " directive only makes sense with --dev tun or --dev tap",
                  "write \"dev tun\"");
    }
  }
}

void conflicts_of_bridge(const Config& config, const Findings& found) {
  if (!config.server.bridge) return;
  const std::string name = "--server-bridge";
  if (config.server.network) {
    found.error("server-bridge", "--server and --server-bridge cannot be used together");
  }
  if (config.said_of("client") != nullptr || config.said_of("tls-client") != nullptr) {
    found.error("server-bridge", name + " and --client cannot be used together");
  }
  if (config.server.pool) {
    found.error("ifconfig-pool", name +
                                     " already defines an ifconfig-pool, so you can't also specify "
                                     "--ifconfig-pool explicitly");
  }
  if (config.secret.defined()) {
    found.error("secret",
                name + " and --secret cannot be used together (you must use SSL/TLS keys)");
  }
  if (!config.device.is_tap()) {
    found.error("server-bridge", name + " directive only makes sense with --dev tap",
                "write \"dev tap\", or \"server 10.8.0.0 255.255.255.0\" for a network of its own");
  }
}

// One subnet for all: every client has an address and the netmask.
void expand_subnet(Config& config) {
  const ip::Prefix& network = *config.server.network;
  const std::string mask = network.netmask().text();
  const ip::Address first = network.address.plus(1), second = network.address.plus(2);
  const ip::Address last = ip::Address::v4(network.broadcast().v4_number() - 1);
  Server& server = config.server;
  config.device.ifconfig = {first.text(), mask};
  if (!server.no_pool) server.pool = Pool4{second.text(), last.text(), mask, {}};
  if (server.pool && server.pool->netmask.empty()) server.pool->netmask = mask;
  server.push_constraint = {network.address, network.netmask()};
  server.push.push_back("route-gateway " + first.text());
  if (config.device.type != DevType::tun) return;
  if (config.routes.gateway.empty()) config.routes.gateway = second.text();
  server.push.emplace_back("topology subnet");
}

// A pair of addresses for each: net30 spends four addresses per client, p2p one.
void expand_pairs(Config& config, Topology topology) {
  constexpr std::uint8_t smallest_network = 29;
  const ip::Prefix& network = *config.server.network;
  const std::string mask = network.netmask().text();
  const ip::Address first = network.address.plus(1);
  const std::uint32_t kept = network.length == smallest_network ? 0 : 4;
  const ip::Address last = ip::Address::v4(network.broadcast().v4_number() - kept);
  Server& server = config.server;
  config.device.ifconfig = {first.text(), network.address.plus(2).text()};
  if (!server.no_pool) server.pool = Pool4{network.address.plus(4).text(), last.text(), {}, {}};
  config.routes.v4.push_back({network.address.text(), mask, {}, {}, {}});
  if (server.client_to_client) {
    server.push.push_back("route " + network.address.text() + ' ' + mask);
  } else if (topology == Topology::net30) {
    server.push.push_back("route " + first.text());
  }
  server.push.emplace_back(topology == Topology::net30 ? "topology net30" : "topology p2p");
}

// The clients are in the network behind the bridge, of which a range is theirs.
void expand_bridge(Config& config, const Findings& found) {
  if (!config.server.bridge) return;
  const Bridge& bridge = *config.server.bridge;
  Server& server = config.server;
  become_server(config);
  if (bridge.gateway == Bridge::Gateway::by_dhcp) server.push.emplace_back("route-gateway dhcp");
  if (bridge.gateway != Bridge::Gateway::named) return;
  const auto mask = ip::Address::parse_v4(bridge.netmask);
  const auto length = mask ? ip::prefix_length_of_netmask(*mask) : std::nullopt;
  const auto start = ip::Address::parse_v4(bridge.pool_start);
  const auto end = ip::Address::parse_v4(bridge.pool_end);
  const auto gateway = ip::Address::parse_v4(bridge.address);
  if (!length || !start || !end || !gateway) {
    return found.error("server-bridge", bridge.netmask + " is not a netmask",
                       "a netmask looks like 255.255.255.0");
  }
  const ip::Prefix network = ip::Prefix::of(*gateway, *length);
  for (const ip::Address& other : {*start, *end}) {
    if (network.contains(other)) continue;
    found.error("server-bridge", "--server-bridge IP addresses " + gateway->text() + " and " +
                                     other.text() + " are not in the same " + mask->text() +
                                     " subnet");
  }
  if (*end < *start) {
    found.error("server-bridge", "the pool starts behind its end");
  } else if (end->v4_number() - start->v4_number() >= 65536) {
    found.error("server-bridge", "the pool is larger than 65536 addresses");
  } else {
    server.pool = Pool4{bridge.pool_start, bridge.pool_end, bridge.netmask, bridge.at};
  }
  server.push.push_back("route-gateway " + bridge.address);
}

void choose_topology(Config& config, const Findings& found) {
  if (config.device.topology || config.device.type != DevType::tun) return;
  config.device.topology = Topology::net30;
  found.warn("server",
             "topology is not set and net30 is used, which spends four addresses on each client; "
             "OpenVPN 2.7 takes subnet",
             "write \"topology subnet\", and in ccd files the netmask as the second word of "
             "ifconfig-push; or \"topology net30\" to keep things as they are");
}

void expand_server(Config& config, const Findings& found) {
  if (!config.server.network) return;
  if (config.server.pool && !config.server.no_pool) {
    found.error("ifconfig-pool",
                "--server already defines an ifconfig-pool, so you can't also specify "
                "--ifconfig-pool explicitly",
                "write \"nopool\" at the end of the server line");
    return;
  }
  become_server(config);
  if (config.server.network->length > 29 && !config.device.is_tap()) {
    found.error("server", "the network is too small", "use /16 to /29 (255.255.255.248)");
    return;
  }
  choose_topology(config, found);
  const Topology topology = config.device.topology.value_or(Topology::subnet);
  if (topology == Topology::subnet || config.device.type == DevType::tap) {
    expand_subnet(config);
  } else {
    expand_pairs(config, topology);
  }
}

void expand_server_ipv6(Config& config, const Findings& found) {
  if (!config.server.network6) return;
  if (config.server.pool6) {
    found.error("ifconfig-ipv6-pool",
                "--server-ipv6 already defines an ifconfig-ipv6-pool, so you can't also specify "
                "--ifconfig-ipv6-pool explicitly",
                "remove ifconfig-ipv6-pool");
    return;
  }
  become_server(config);
  constexpr std::uint8_t roomy = 112;  // shorter prefixes leave room in front of the pool
  const ip::Prefix& network = *config.server.network6;
  const ip::Address start = network.address.plus(network.length < roomy ? 0x1000 : 2);
  config.device.ifconfig_ipv6 = {
      network.address.plus(1).text() + '/' + std::to_string(network.length),
      network.address.plus(2).text()};
  config.server.pool6 = ip::Prefix{start, network.length};
  config.server.push.emplace_back("tun-ipv6");
}

void expand_keepalive(Config& config, const Findings& found) {
  Timers& timers = config.timers;
  if (!timers.keepalive) return;
  const auto [interval, timeout] = *timers.keepalive;
  if (timers.ping.count() != 0 || timers.ping_restart_set || timers.ping_exit_set) {
    found.error("keepalive",
                "--keepalive conflicts with --ping, --ping-exit, or --ping-restart.  If you use "
                "--keepalive, you don't need any of the other --ping directives",
                "remove ping, ping-restart and ping-exit");
    return;
  }
  if (interval == 0 && timeout == 0) return;
  if (interval == 0 || timeout == 0) {
    found.error("keepalive", "--keepalive parameters must be > 0", "write \"keepalive 10 60\"");
    return;
  }
  if (std::uint64_t{interval} * 2 > timeout) {
    found.error("keepalive",
                "the second parameter to --keepalive (restart timeout=" + std::to_string(timeout) +
                    ") must be at least twice the value of the first parameter (ping interval=" +
                    std::to_string(interval) + ")",
                "a ratio of 1:5 or 1:6 would be even better: keepalive 10 60");
    return;
  }
  const bool server = config.mode == Mode::server;
  timers.ping = Seconds(interval);
  timers.ping_restart = Seconds(timeout) * (server ? 2 : 1);
  timers.ping_restart_set = true;
  if (!server) return;
  config.server.push.push_back("ping " + std::to_string(interval));
  config.server.push.push_back("ping-restart " + std::to_string(timeout));
}

void expand_tcp_nodelay(Config& config, const Findings& found) {
  if (!config.server.tcp_nodelay) return;
  config.remotes.tcp_nodelay = true;
  if (config.mode == Mode::server) {
    config.server.push.emplace_back("socket-flags TCP_NODELAY");
  } else {
    found.warn("tcp-nodelay", "here it does not reach the server, which sends without it",
               "write it in the configuration of the server, which tells its clients");
  }
}

void list_connections(Config& config, const Findings& found) {
  Remotes& remotes = config.remotes;
  if (!remotes.list.empty()) {
    if (!remotes.lines.empty()) {
      found.warn("remote", "there are <connection> blocks: remote lines outside are not used");
    }
    return;
  }
  for (const RemoteLine& line : remotes.lines) {
    Connection connection = config.connection;
    connection.remote = line.host;
    connection.at = line.at;
    if (line.port) connection.remote_port = *line.port;
    if (line.proto) connection.proto = *line.proto;
    remotes.list.push_back(std::move(connection));
  }
}

// A block without keys of its own takes those of the top level, even if they stand below it.
void inherit_keys(const Connection& from, Connection& connection) {
  if (connection.tls_auth.defined() || connection.tls_crypt.defined() ||
      connection.tls_crypt_v2.defined()) {
    return;
  }
  connection.tls_auth = from.tls_auth;
  connection.tls_crypt = from.tls_crypt;
  connection.tls_crypt_v2 = from.tls_crypt_v2;
  connection.tls_crypt_v2_cookie = from.tls_crypt_v2_cookie;
  connection.key_direction = from.key_direction;
}

void complete_connection(const Config& config, Connection& connection) {
  constexpr unsigned tap_extra = 32;  // an Ethernet header, and room; source: stock 2.6
  inherit_keys(config.connection, connection);
  if (config.device.is_tap() && connection.tun_mtu_extra == 0) connection.tun_mtu_extra = tap_extra;
  Transport& transport = connection.proto.transport;
  if (transport == Transport::tcp && config.server.network) transport = Transport::tcp_server;
  if (transport == Transport::tcp && config.server.network6) transport = Transport::tcp_server;
  if (transport == Transport::tcp && config.server.bridge) transport = Transport::tcp_server;
  if (transport == Transport::tcp && config.client.pull) transport = Transport::tcp_client;
  const bool calls_out = config.client.pull || transport == Transport::tcp_client ||
                         (connection.socks_proxy && transport == Transport::udp);
  const bool wants_to_bind =
      connection.bind || connection.local_port_binds || !connection.local.empty();
  if (calls_out && !wants_to_bind) connection.nobind = true;
  if (connection.nobind && !connection.local_port_binds) connection.local_port.reset();
  complete_proxy(config, connection);
}

void keep_forced_protocol(Config& config, const Findings& found) {
  Remotes& remotes = config.remotes;
  if (!remotes.proto_force || remotes.list.empty()) return;
  const bool tcp = remotes.proto_force->is_tcp();
  std::erase_if(remotes.list, [&](const Connection& one) { return one.proto.is_tcp() != tcp; });
  if (remotes.list.empty()) {
    found.error("proto-force", "No usable connection profiles are present: none uses this protocol",
                "remove proto-force, or add a remote of that protocol");
  }
}

void append_cipher(Channel& channel, const std::string& cipher) {
  if (std::ranges::find(channel.data_ciphers, cipher) != channel.data_ciphers.end()) return;
  channel.data_ciphers.push_back(cipher);
  channel.data_ciphers_text += (channel.data_ciphers_text.empty() ? "" : ":") + cipher;
}

// compat-mode: the defaults of an older version.
void complete_channel(Config& config) {
  constexpr unsigned v2_3_7 = 20307, v2_4 = 20400, v2_5 = 20500, v2_6 = 20600;
  Channel& channel = config.channel;
  if (channel.data_ciphers.empty()) {
    for (const std::string& name : default_ciphers()) append_cipher(channel, name);
  }
  if (config.secret.defined() && channel.cipher.empty()) channel.cipher = "BF-CBC";
  const unsigned version = channel.compat_mode.value_or(v2_6);
  if (version < v2_4 && channel.cipher.empty()) channel.cipher = "BF-CBC";
  if (version < v2_5 && !channel.cipher.empty()) append_cipher(channel, channel.cipher);
  if (version < v2_4 && channel.data_ciphers_fallback.empty()) {
    channel.data_ciphers_fallback = channel.cipher;
  }
  if (version < v2_6 && !channel.allow_compression_set && channel.compression == Compression::off) {
    channel.allow_compression = Channel::AllowCompression::asym;
    channel.allow_compression_set = true;
  }
  if (version < v2_3_7 && config.said_of("tls-version-min") == nullptr) {
    config.identity.tls_version_min = "1.0";
  }
}

void complete_timers(Config& config) {
  Timers& timers = config.timers;
  const bool unsaid = !timers.ping_restart_set && !timers.ping_exit_set;
  const bool any_udp = std::ranges::any_of(
      config.remotes.list, [](const Connection& connection) { return !connection.proto.is_tcp(); });
  if (config.client.pull && unsaid && any_udp) timers.ping_restart = restart_before_push;
}

// "--genkey --secret FILE", as it was written before 2.5.
void complete_tool(Config& config) {
  Tool& tool = config.tool;
  if (tool.kind == Tool::Kind::genkey && tool.genkey_file.empty() && tool.genkey_type == "secret") {
    tool.genkey_file = config.secret.path;
  }
}

}  // namespace

void finish(Config& config, Issues& issues) {
  const Findings found(config, issues);
  complete_device(config);
  complete_tool(config);
  if (config.tool.kind != Tool::Kind::none) return;
  conflicts_of_helpers(config, found);
  expand_server_ipv6(config, found);
  conflicts_of_bridge(config, found);
  expand_server(config, found);
  expand_bridge(config, found);
  expand_keepalive(config, found);
  expand_tcp_nodelay(config, found);
  complete_listens(config, found);
  list_connections(config, found);
  complete_connection(config, config.connection);
  for (Connection& connection : config.remotes.list) complete_connection(config, connection);
  keep_forced_protocol(config, found);
  override_proxies(config, found);
  complete_channel(config);
  complete_timers(config);
}

}  // namespace adit::options
