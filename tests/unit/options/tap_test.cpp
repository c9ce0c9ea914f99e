// Options of tap devices. What the helpers become was printed by openvpn 2.6.14 (verb 4).

#include <gtest/gtest.h>

#include "options/client_profile.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

using Pushes = std::vector<std::string>;
const std::string with_tap = "dev tap\nca a\ncert b\nkey c\ndh none\n";

TEST(TapServer, is_a_network_with_one_netmask_for_all) {
  const Config config = good(with_tap + "server 10.8.0.0 255.255.255.0\nkeepalive 10 60\n");
  EXPECT_TRUE(config.device.is_tap());
  EXPECT_EQ(config.device.topology, Topology::subnet);
  ASSERT_TRUE(config.server.pool);
  EXPECT_EQ(config.server.pool->start, "10.8.0.2");
  EXPECT_EQ(config.server.pool->end, "10.8.0.254");
  EXPECT_EQ(config.server.pool->netmask, "255.255.255.0");
  EXPECT_EQ(config.server.push.front(), "route-gateway 10.8.0.1");
  EXPECT_EQ(std::ranges::count(config.server.push, "topology subnet"), 0);
  EXPECT_EQ(config.connection.tun_mtu_extra, 32u);
}

TEST(TapServer, may_be_smaller_than_with_tun) {
  EXPECT_TRUE(read_and_complete(with_tap + "server 10.8.0.0 255.255.255.252\n").ok());
  const Parsed tun = read_and_complete("dev tun\nca a\nserver 10.8.0.0 255.255.255.252\n");
  EXPECT_TRUE(mentions(tun.issues, "the network is too small")) << all_text(tun.issues);
}

TEST(TapServer, forgets_stations_as_often_as_it_is_told) {
  const std::string server = with_tap + "server 10.8.0.0 255.255.255.0\nkeepalive 10 60\n";
  EXPECT_FALSE(good(server).server.stale_routes);
  const auto both = good(server + "stale-routes-check 600 60\n").server.stale_routes;
  ASSERT_TRUE(both);
  EXPECT_EQ(both->age, Seconds(600));
  EXPECT_EQ(both->interval, Seconds(60));
  EXPECT_EQ(good(server + "stale-routes-check 600\n").server.stale_routes->interval, Seconds(600));
  for (const char* bad : {"0", "60 0", "-1", "x"}) {
    EXPECT_FALSE(read_and_complete(server + "stale-routes-check " + bad + "\n").ok()) << bad;
  }
  const Parsed tun = read_and_complete(std::string(minimal_server) + "stale-routes-check 60\n");
  EXPECT_TRUE(tun.ok());
  EXPECT_TRUE(mentions(tun.issues, "with a tun device nothing is learned")) << all_text(tun.issues);
}

TEST(ServerBridge, gives_clients_a_range_of_the_network_behind_the_bridge) {
  const Config config =
      good(with_tap +
           "server-bridge 192.168.8.4 255.255.255.0 192.168.8.128 192.168.8.254\nproto tcp\n");
  EXPECT_EQ(config.mode, Mode::server);
  EXPECT_EQ(config.tls_role, TlsRole::server);
  ASSERT_TRUE(config.server.pool);
  EXPECT_EQ(config.server.pool->start, "192.168.8.128");
  EXPECT_EQ(config.server.pool->end, "192.168.8.254");
  EXPECT_EQ(config.server.pool->netmask, "255.255.255.0");
  EXPECT_EQ(config.server.push, Pushes{"route-gateway 192.168.8.4"});
  EXPECT_EQ(config.connection.proto.transport, Transport::tcp_server);
  EXPECT_FALSE(config.device.ifconfig) << "the address is the bridge's";
}

TEST(ServerBridge, leaves_addresses_to_others) {
  const Config by_dhcp = good(with_tap + "server-bridge\n");
  EXPECT_EQ(by_dhcp.server.push, Pushes{"route-gateway dhcp"});
  EXPECT_FALSE(by_dhcp.server.pool);
  const Config none = good(with_tap + "server-bridge nogw\n");
  EXPECT_EQ(none.server.push, Pushes{});
  EXPECT_EQ(none.mode, Mode::server);
}

TEST(ServerBridge, is_refused_where_it_makes_no_sense) {
  const std::pair<std::string, std::string> refusals[] = {
      {"dev tap\nserver-bridge 10.0.0.1", "error parsing --server-bridge parameters"},
      {"dev tap\nserver-bridge 10.0.0.1 255.255.255.0 10.1.0.5 10.0.0.9",
       "IP addresses 10.0.0.1 and 10.1.0.5 are not in the same 255.255.255.0 subnet"},
      {"dev tap\nserver-bridge 10.0.0.1 255.255.255.0 10.0.0.9 10.0.0.5",
       "the pool starts behind its end"},
      {"dev tap\nserver-bridge 10.0.0.1 255.0.255.0 10.0.0.5 10.0.0.9", "is not a netmask"},
      {"dev tun\nserver-bridge", "--server-bridge directive only makes sense with --dev tap"},
      {"dev tap\nserver-bridge\nserver 10.8.0.0 255.255.255.0",
       "--server and --server-bridge cannot be used together"},
      {"dev tap\nserver-bridge\nclient", "--server-bridge and --client cannot be used together"},
      {"dev tap\nserver-bridge\nifconfig-pool 10.0.0.5 10.0.0.9",
       "already defines an ifconfig-pool"},
  };
  for (const auto& [lines, words] : refusals) {
    const Parsed parsed = read_and_complete("ca a\ncert b\nkey c\n" + lines + "\n");
    EXPECT_FALSE(parsed.ok()) << lines;
    EXPECT_TRUE(mentions(parsed.issues, words)) << lines << "\n" << all_text(parsed.issues);
  }
}

TEST(Vlans, are_of_a_server_with_a_tap_device) {
  const Config config = good(with_tap +
                             "server 10.8.0.0 255.255.255.0\nvlan-tagging\nvlan-accept tagged\n"
                             "vlan-pvid 4094\n");
  EXPECT_TRUE(config.server.vlan.tagging);
  EXPECT_EQ(config.server.vlan.accept, Vlan::Accept::tagged);
  EXPECT_EQ(config.server.vlan.pvid, 4094);
  const auto own = parse_client_profile("vlan-pvid 7\n", "ccd/ann", config);
  EXPECT_EQ(own.profile.vlan_pvid, 7);
  EXPECT_FALSE(parse_client_profile("", "ccd/ann", config).profile.vlan_pvid);
}

TEST(Vlans, and_hardware_addresses_are_refused_elsewhere) {
  const std::string server = "dh none\nserver 10.8.0.0 255.255.255.0\n";
  const std::pair<std::string, std::string> refusals[] = {
      {"dev tun\ntopology subnet\nvlan-tagging\n" + server,
       "--vlan-tagging must be used with --dev tap"},
      {"dev tap\nclient\nremote x\nvlan-tagging\n", "--vlan-tagging requires --mode server"},
      {"dev tap\nvlan-pvid 3\n" + server, "--vlan-pvid requires --vlan-tagging"},
      {"dev tap\nvlan-accept all\n" + server, "--vlan-accept requires --vlan-tagging"},
      {"dev tap\nvlan-tagging\nvlan-pvid 4095\n" + server, "4094"},
      {"dev tap\nvlan-tagging\nvlan-pvid 0\n" + server, "4094"},
      {"dev tap\nlladdr 02:00:00\n" + server, "lladdr parm '02:00:00' must be a MAC address"},
      {"dev tap\nlladdr 01:00:5e:00:00:01\n" + server, "must be a MAC address"},
      {"dev tun\ntopology subnet\nlladdr 02:00:00:00:00:01\n" + server,
       "--lladdr can only be used in --dev tap mode"},
  };
  for (const auto& [lines, words] : refusals) {
    const Parsed parsed = read_and_complete("ca a\ncert b\nkey c\n" + lines);
    EXPECT_TRUE(mentions(parsed.issues, words)) << lines << "\n" << all_text(parsed.issues);
    EXPECT_FALSE(parsed.ok()) << lines;
  }
}

}  // namespace
}  // namespace adit::options::testing
