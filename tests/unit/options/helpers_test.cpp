// What the helper directives become. The values were computed by openvpn 2.6.14 (verb 4 prints
// them), run with the same lines.

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

using Pair = std::pair<std::string, std::string>;
using Pushes = std::vector<std::string>;

Config server(const std::string& lines) {
  return good("dev tun\nca a\ncert b\nkey c\ndh none\n" + lines);
}

struct Expansion {
  std::string lines;
  Pair ifconfig;
  std::string pool_start, pool_end, pool_mask;
  std::string route;  // network/mask of the route the helper adds; empty: none
  std::string gateway;
  Pushes pushes;
};

const Expansion expansions[] = {
    {"topology net30\nserver 10.8.0.0 255.255.255.0",
     {"10.8.0.1", "10.8.0.2"},
     "10.8.0.4",
     "10.8.0.251",
     "",
     "10.8.0.0/255.255.255.0",
     "",
     {"route 10.8.0.1", "topology net30"}},
    {"topology net30\nclient-to-client\nserver 10.8.0.0 255.255.255.0",
     {"10.8.0.1", "10.8.0.2"},
     "10.8.0.4",
     "10.8.0.251",
     "",
     "10.8.0.0/255.255.255.0",
     "",
     {"route 10.8.0.0 255.255.255.0", "topology net30"}},
    {"topology net30\nserver 10.8.0.0 255.255.255.248",
     {"10.8.0.1", "10.8.0.2"},
     "10.8.0.4",
     "10.8.0.7",
     "",
     "10.8.0.0/255.255.255.248",
     "",
     {"route 10.8.0.1", "topology net30"}},
    {"topology net30\nserver 10.8.0.0 255.255.0.0",
     {"10.8.0.1", "10.8.0.2"},
     "10.8.0.4",
     "10.8.255.251",
     "",
     "10.8.0.0/255.255.0.0",
     "",
     {"route 10.8.0.1", "topology net30"}},
    {"topology p2p\nserver 10.8.0.0 255.255.255.0",
     {"10.8.0.1", "10.8.0.2"},
     "10.8.0.4",
     "10.8.0.251",
     "",
     "10.8.0.0/255.255.255.0",
     "",
     {"topology p2p"}},
    {"topology p2p\nclient-to-client\nserver 10.8.0.0 255.255.255.0",
     {"10.8.0.1", "10.8.0.2"},
     "10.8.0.4",
     "10.8.0.251",
     "",
     "10.8.0.0/255.255.255.0",
     "",
     {"route 10.8.0.0 255.255.255.0", "topology p2p"}},
    {"topology subnet\nserver 10.8.0.0 255.255.255.0",
     {"10.8.0.1", "255.255.255.0"},
     "10.8.0.2",
     "10.8.0.254",
     "255.255.255.0",
     "",
     "10.8.0.2",
     {"route-gateway 10.8.0.1", "topology subnet"}},
    {"topology subnet\nserver 10.8.0.0 255.255.255.248",
     {"10.8.0.1", "255.255.255.248"},
     "10.8.0.2",
     "10.8.0.6",
     "255.255.255.248",
     "",
     "10.8.0.2",
     {"route-gateway 10.8.0.1", "topology subnet"}},
    {"topology subnet\nroute-gateway 10.8.0.9\nserver 10.8.0.0 255.255.255.0",
     {"10.8.0.1", "255.255.255.0"},
     "10.8.0.2",
     "10.8.0.254",
     "255.255.255.0",
     "",
     "10.8.0.9",
     {"route-gateway 10.8.0.1", "topology subnet"}},
};

TEST(ServerDirective, becomes_what_openvpn_makes_of_it) {
  for (const Expansion& expected : expansions) {
    SCOPED_TRACE(expected.lines);
    const Config config = server(expected.lines);
    EXPECT_EQ(config.mode, Mode::server);
    EXPECT_EQ(config.tls_role, TlsRole::server);
    EXPECT_EQ(config.device.ifconfig, expected.ifconfig);
    ASSERT_TRUE(config.server.pool);
    EXPECT_EQ(config.server.pool->start, expected.pool_start);
    EXPECT_EQ(config.server.pool->end, expected.pool_end);
    EXPECT_EQ(config.server.pool->netmask, expected.pool_mask);
    std::string route;
    for (const RouteLine& line : config.routes.v4) route += line.network + '/' + line.netmask;
    EXPECT_EQ(route, expected.route);
    EXPECT_EQ(config.routes.gateway, expected.gateway);
    EXPECT_EQ(config.server.push, expected.pushes);
    EXPECT_EQ(config.server.push_constraint.has_value(), expected.route.empty());
  }
}

TEST(ServerDirective, takes_net30_when_nothing_is_said_and_tells_so) {
  const Parsed parsed =
      read_and_complete("dev tun\nca a\ncert b\nkey c\nserver 10.8.0.0 255.255.255.0\n");
  EXPECT_EQ(parsed.config.device.topology, Topology::net30);
  EXPECT_TRUE(mentions(parsed.issues, "WARNING: In test.conf:5: topology is not set and net30"));
}

TEST(ServerDirective, gives_no_pool_with_nopool) {
  const Config config = server("topology subnet\nserver 10.8.0.0 255.255.255.0 nopool");
  EXPECT_FALSE(config.server.pool);
  EXPECT_EQ(config.device.ifconfig, Pair("10.8.0.1", "255.255.255.0"));
}

TEST(ServerDirective, leaves_an_own_pool_alone_with_nopool) {
  const Config config = server(
      "topology subnet\nserver 10.8.0.0 255.255.255.0 nopool\nifconfig-pool 10.8.0.50 10.8.0.60");
  ASSERT_TRUE(config.server.pool);
  EXPECT_EQ(config.server.pool->start, "10.8.0.50");
  EXPECT_EQ(config.server.pool->netmask, "255.255.255.0");
}

struct Refusal {
  std::string lines, words;
};

TEST(ServerDirective, refuses_what_openvpn_refuses) {
  const Refusal refusals[] = {
      {"server 10.8.0.5 255.255.255.0", "do not fit each other"},
      {"server 10.8.0.0 255.0.255.0", "do not fit each other"},
      {"server 10.8.0.0 255.255.255.252", "too small"},
      {"server 10.8.0.0 255.254.0.0", "too large"},
      {"server 10.8.0.x 255.255.255.0", "is not an IPv4 address"},
      {"server 10.8.0.0 255.255.255.0 foo", "use nopool"},
      {"server 10.8.0.0 255.255.255.0\nifconfig-pool 10.8.0.2 10.8.0.9", "already defines"},
      {"server 10.8.0.0 255.255.255.0\nclient", "--server and --client cannot be used together"},
      {"server 10.8.0.0 255.255.255.0\ntls-client", "cannot be used together"},
      {"server-ipv6 fd88::/125", "/125 is out of range"},
      {"server-ipv6 fd88::/63", "/63 is out of range"},
      {"server-ipv6 fd88::/64\nifconfig-ipv6-pool fd88::/64", "already defines"},
  };
  for (const auto& [lines, words] : refusals) {
    const Parsed parsed = read_and_complete("dev tun\nca a\ncert b\nkey c\n" + lines);
    EXPECT_FALSE(parsed.ok()) << lines;
    EXPECT_TRUE(mentions(parsed.issues, words)) << lines << "\n" << all_text(parsed.issues);
    EXPECT_TRUE(mentions(parsed.issues, "In test.conf:")) << all_text(parsed.issues);
  }
}

TEST(ServerDirective, needs_a_device) {
  EXPECT_TRUE(mentions(read_and_complete("server 10.8.0.0 255.255.255.0").issues,
                       "--server directive only makes sense with --dev tun or --dev tap"));
}

struct Expansion6 {
  std::string network;
  Pair ifconfig;
  std::string pool;
};

TEST(ServerIpv6Directive, becomes_what_openvpn_makes_of_it) {
  const Expansion6 list[] = {
      {"fd88::/64", {"fd88::1/64", "fd88::2"}, "fd88::1000/64"},
      {"fd88::", {"fd88::1/64", "fd88::2"}, "fd88::1000/64"},
      {"fd88::/111", {"fd88::1/111", "fd88::2"}, "fd88::1000/111"},
      {"fd88::/112", {"fd88::1/112", "fd88::2"}, "fd88::2/112"},
      {"fd88::/124", {"fd88::1/124", "fd88::2"}, "fd88::2/124"},
  };
  for (const auto& [network, ifconfig, pool] : list) {
    const Config config = server("server-ipv6 " + network);
    EXPECT_EQ(config.mode, Mode::server);
    EXPECT_EQ(config.device.ifconfig_ipv6, ifconfig) << network;
    ASSERT_TRUE(config.server.pool6);
    EXPECT_EQ(config.server.pool6->text(), pool) << network;
    EXPECT_EQ(config.server.push, Pushes{"tun-ipv6"});
  }
}

TEST(Helpers, push_in_the_order_of_openvpn) {
  const Config config = server(
      "tcp-nodelay\nkeepalive 10 60\ntopology net30\nserver 10.8.0.0 255.255.255.0\n"
      "server-ipv6 fd88::/64\npush \"route 192.168.1.0 255.255.255.0\"\nproto tcp");
  EXPECT_EQ(config.server.push,
            (Pushes{"route 192.168.1.0 255.255.255.0", "tun-ipv6", "route 10.8.0.1",
                    "topology net30", "ping 10", "ping-restart 60", "socket-flags TCP_NODELAY"}));
  EXPECT_TRUE(config.remotes.tcp_nodelay);
  EXPECT_EQ(config.connection.proto.transport, Transport::tcp_server);
}

TEST(Keepalive, gives_the_server_twice_the_time) {
  const Config config = server_with("");
  EXPECT_EQ(config.timers.ping, Seconds(10));
  EXPECT_EQ(config.timers.ping_restart, Seconds(120));
}

TEST(Keepalive, gives_a_client_the_time_as_said) {
  const Config config = client_with("keepalive 10 60");
  EXPECT_EQ(config.timers.ping, Seconds(10));
  EXPECT_EQ(config.timers.ping_restart, Seconds(60));
  EXPECT_TRUE(config.server.push.empty());
}

TEST(Keepalive, refuses_what_openvpn_refuses) {
  const Refusal refusals[] = {
      {"keepalive 10 19", "must be at least twice the value of the first"},
      {"keepalive 0 60", "must be > 0"},
      {"keepalive 10 0", "must be > 0"},
      {"keepalive 10 60\nping 5", "--keepalive conflicts with --ping"},
      {"keepalive 10 60\nping-restart 5", "--keepalive conflicts with --ping"},
      {"ping-exit 5\nkeepalive 10 60", "--keepalive conflicts with --ping"},
  };
  for (const auto& [lines, words] : refusals) {
    const Issues issues = read_and_complete(minimal_client + lines).issues;
    EXPECT_TRUE(mentions(issues, words)) << lines << "\n" << all_text(issues);
  }
}

TEST(Keepalive, takes_sloppy_numbers_with_a_warning) {
  const Parsed parsed = read_and_complete(std::string(minimal_client) + "keepalive 1s 60");
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.config.timers.ping, Seconds(1));
  EXPECT_TRUE(mentions(parsed.issues, "\"1s\" is not a plain number and is taken as 1"));
}

TEST(ClientDirective, pulls_and_does_not_bind) {
  const Config config = client_with("");
  EXPECT_TRUE(config.client.pull);
  EXPECT_EQ(config.tls_role, TlsRole::client);
  ASSERT_EQ(config.remotes.list.size(), 1u);
  EXPECT_TRUE(config.remotes.list[0].nobind);
  EXPECT_EQ(config.timers.ping_restart, Seconds(120));
}

TEST(ClientDirective, binds_when_a_local_port_is_said) {
  EXPECT_FALSE(client_with("lport 0").remotes.list[0].nobind);
  EXPECT_FALSE(client_with("local 192.0.2.7").remotes.list[0].nobind);
  EXPECT_FALSE(client_with("bind").remotes.list[0].nobind);
  EXPECT_TRUE(client_with("port 443").remotes.list[0].nobind);
}

TEST(ClientDirective, makes_tcp_definite) {
  const Config config = client_with("proto tcp\nport 443");
  EXPECT_EQ(config.remotes.list[0].proto.transport, Transport::tcp_client);
  EXPECT_EQ(config.remotes.list[0].remote_port, "443");
  EXPECT_EQ(config.timers.ping_restart, Seconds(0));
}

TEST(Remotes, take_the_defaults_of_the_whole_file) {
  const Config config = client_with("remote b 443 tcp4-client\nport 1195\nproto udp6\n");
  ASSERT_EQ(config.remotes.list.size(), 2u);
  EXPECT_EQ(config.remotes.list[0].remote_port, "1195");
  EXPECT_EQ(config.remotes.list[0].proto.family, ip::Family::v6);
  EXPECT_EQ(config.remotes.list[1].remote_port, "443");
  EXPECT_EQ(config.remotes.list[1].proto, (Proto{Transport::tcp_client, ip::Family::v4}));
}

TEST(Remotes, outside_blocks_do_not_count) {
  const Parsed parsed =
      read_and_complete(std::string(minimal_client) + "<connection>\nremote b\n</connection>\n");
  ASSERT_EQ(parsed.config.remotes.list.size(), 1u);
  EXPECT_EQ(parsed.config.remotes.list[0].remote, "b");
  EXPECT_TRUE(mentions(parsed.issues, "remote lines outside are not used"));
}

TEST(Remotes, are_limited_by_proto_force) {
  EXPECT_EQ(client_with("remote b 443 tcp\nproto-force tcp").remotes.list.size(), 1u);
  EXPECT_TRUE(mentions(read_and_complete(std::string(minimal_client) + "proto-force tcp").issues,
                       "No usable connection profiles are present"));
}

TEST(ConnectionBlock, has_its_own_kind_of_key) {
  const Config config = good(
      "client\ndev tun\nca a\ncert b\nkey c\nremote-cert-tls server\ntls-auth ta.key 1\n"
      "<connection>\nremote a\ntls-crypt own.key\n</connection>\n"
      "<connection>\nremote b\n</connection>\n");
  EXPECT_FALSE(config.remotes.list[0].tls_auth.defined());
  EXPECT_EQ(config.remotes.list[1].tls_auth.path, "ta.key");
  EXPECT_EQ(config.remotes.list[1].key_direction, 1);
}

TEST(ConnectionBlock, takes_keys_from_below) {
  const Config config = good(
      "client\ndev tun\nca a\ncert b\nkey c\nremote-cert-tls server\n"
      "<connection>\nremote a\n</connection>\n"
      "<connection>\nremote b\ntls-auth own.key 1\n</connection>\n"
      "tls-crypt ta.key\nkey-direction 0\n");
  EXPECT_EQ(config.remotes.list[0].tls_crypt.path, "ta.key");
  EXPECT_EQ(config.remotes.list[0].key_direction, 0);
  EXPECT_EQ(config.remotes.list[1].tls_auth.path, "own.key");
  EXPECT_FALSE(config.remotes.list[1].tls_crypt.defined());
  EXPECT_EQ(config.remotes.list[1].key_direction, 1);
}

TEST(Ciphers, have_the_defaults_of_2_6) {
  EXPECT_EQ(client_with("").channel.data_ciphers,
            (Pushes{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"}));
}

TEST(CompatMode, changes_defaults_like_2_6) {
  const Channel v23 = client_with("compat-mode 2.3.0\ncipher aes-128-cbc").channel;
  EXPECT_EQ(v23.data_ciphers.back(), "AES-128-CBC");
  EXPECT_EQ(v23.data_ciphers_fallback, "AES-128-CBC");
  const Channel v24 = client_with("compat-mode 2.4.9\ncipher AES-128-CBC").channel;
  EXPECT_EQ(v24.data_ciphers.back(), "AES-128-CBC");
  EXPECT_EQ(v24.data_ciphers_fallback, "");
  const Channel plain24 = client_with("compat-mode 2.4.9").channel;
  EXPECT_EQ(plain24.data_ciphers.size(), 3u);
  const Channel v25 = client_with("compat-mode 2.5.9\ncipher AES-128-CBC").channel;
  EXPECT_EQ(v25.data_ciphers.size(), 3u);
  EXPECT_EQ(v25.allow_compression, Channel::AllowCompression::asym);
  EXPECT_EQ(client_with("compat-mode 2.3.0").channel.data_ciphers.back(), "BF-CBC");
  EXPECT_EQ(client_with("compat-mode 2.3.6").identity.tls_version_min, "1.0");
  EXPECT_EQ(client_with("compat-mode 2.3.6\ntls-version-min 1.2").identity.tls_version_min, "1.2");
}

TEST(Device, takes_its_type_from_its_name) {
  EXPECT_EQ(client_with("dev tun7").device.type, DevType::tun);
  EXPECT_EQ(client_with("dev office\ndev-type tun").device.type, DevType::tun);
  EXPECT_EQ(client_with("dev null").device.type, DevType::null);
}

}  // namespace
}  // namespace adit::options::testing
