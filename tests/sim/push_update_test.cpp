// PUSH_UPDATE: a server changes the tunnel of a client that stays connected.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace adit::sim {
namespace {

constexpr const char* subnet_lines =
    "ca x\ncert x\nkey x\ndh none\ndev tun\ntopology subnet\nserver 10.8.0.0 255.255.240.0\n"
    "data-ciphers AES-256-GCM\n";

class PushUpdate : public testing::Test {
 protected:
  void SetUp() override {
    server.configure(subnet_lines + std::string("push \"route 10.71.0.0 255.255.0.0\"\n"));
    client = &world.add_client();
    ASSERT_TRUE(world.run_until([&] { return client->up(); }, 20s));
    world.run_for(2s);
    ASSERT_EQ(has_route("10.71.0.0"), true);
  }
  bool has_route(const std::string& network) {
    const auto& routes = client->network().routes;
    return std::ranges::any_of(routes, [&](const ports::Route& route) {
      return route.destination.address.text() == network;
    });
  }
  std::size_t tell(const std::vector<std::string>& options) {
    const std::size_t told = server.server().update_clients(options, world.now());
    world.run_for(2s);
    return told;
  }
  // Packets go on to flow, and the session is the same.
  void expect_living() {
    const std::size_t before = client->received();
    world.traffic_every(100ms);
    world.run_for(2s);
    world.traffic_every(0s);
    world.run_for(1s);
    EXPECT_GE(client->received(), before + 15);
    EXPECT_EQ(client->attempts(), 1);
    for (const std::string& violation : world.invariants().violations()) ADD_FAILURE() << violation;
  }

  World world{21, {}};
  ServerHost& server = world.add_server();
  ClientHost* client = nullptr;
};

TEST_F(PushUpdate, routes_come_and_go) {
  EXPECT_EQ(tell({"route 10.72.0.0 255.255.0.0", "route 10.73.0.0 255.255.0.0"}), 1u);
  EXPECT_FALSE(has_route("10.71.0.0"));
  EXPECT_TRUE(has_route("10.72.0.0") && has_route("10.73.0.0"));
  EXPECT_EQ(tell({"-route"}), 1u);
  EXPECT_FALSE(has_route("10.72.0.0") || has_route("10.73.0.0"));
  expect_living();
}

TEST_F(PushUpdate, a_long_list_comes_in_parts) {
  std::vector<std::string> options;
  for (int i = 0; i < 200; ++i) options.push_back(fmt::format("route 10.90.{}.0 255.255.255.0", i));
  EXPECT_EQ(tell(options), 1u);
  EXPECT_TRUE(has_route("10.90.0.0") && has_route("10.90.199.0"));
  EXPECT_FALSE(has_route("10.71.0.0"));
  expect_living();
}

TEST_F(PushUpdate, a_client_moves_to_another_address_inside) {
  EXPECT_EQ(tell({"ifconfig 10.8.15.9 255.255.240.0"}), 1u);
  EXPECT_EQ(client->tunnel_address(), ip::Address::parse("10.8.15.9"));
  EXPECT_TRUE(has_route("10.71.0.0"));
  const auto& addresses = client->network().addresses;
  ASSERT_EQ(addresses.size(), 1u);
  EXPECT_EQ(addresses[0].second.address, *ip::Address::parse("10.8.15.9"));
  expect_living();
}

TEST_F(PushUpdate, what_cannot_be_changed_makes_it_come_again_unless_it_may_be_skipped) {
  EXPECT_EQ(tell({"?sndbuf 100000", "route 10.72.0.0 255.255.0.0"}), 1u);
  EXPECT_TRUE(has_route("10.72.0.0"));
  expect_living();
  EXPECT_EQ(tell({"sndbuf 100000", "route 10.73.0.0 255.255.0.0"}), 1u);
  ASSERT_TRUE(client->ended());
  EXPECT_EQ(client->ended()->text, "Offending option received from server");
  EXPECT_TRUE(world.run_until([&] { return client->up() && client->attempts() == 2; }, 30s));
  EXPECT_TRUE(has_route("10.71.0.0"));
  EXPECT_FALSE(has_route("10.73.0.0"));
}

TEST_F(PushUpdate, what_is_no_option_is_not_sent) {
  EXPECT_EQ(tell({}), 0u);
  EXPECT_EQ(tell({""}), 0u);
  EXPECT_EQ(tell({"route 10.1.0.0\nnonsense"}), 0u);
  EXPECT_EQ(tell({"a,b"}), 0u);
  EXPECT_EQ(tell({std::string(256, 'a')}), 0u);
  EXPECT_FALSE(server.server().update_client(77, {"-route"}, world.now()));
  EXPECT_TRUE(has_route("10.71.0.0"));
  expect_living();
}

TEST_F(PushUpdate, another_configuration_is_told_to_who_is_there) {
  server.reconfigure(subnet_lines + std::string("push \"route 10.74.0.0 255.255.0.0\"\nping 7\n"));
  world.run_for(2s);
  EXPECT_TRUE(has_route("10.74.0.0"));
  EXPECT_FALSE(has_route("10.71.0.0"));
  server.reconfigure(subnet_lines);
  world.run_for(2s);
  EXPECT_FALSE(has_route("10.74.0.0"));
  expect_living();
}

TEST_F(PushUpdate, and_so_is_what_a_client_s_own_file_says_by_now) {
  server.give_file("client1", "push \"route 10.75.0.0 255.255.0.0\"\n");
  server.reconfigure(subnet_lines + std::string("client-config-dir ccd\n"));
  world.run_for(2s);
  EXPECT_TRUE(has_route("10.75.0.0"));
  EXPECT_FALSE(has_route("10.71.0.0"));
  expect_living();
}

}  // namespace
}  // namespace adit::sim
