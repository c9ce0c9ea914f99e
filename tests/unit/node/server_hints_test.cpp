#include "node/server_hints.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "options/parser.h"
#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

options::Config server_of(const std::string& more) {
  const std::string text =
      "mode server\ntls-server\ndev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\ndh none\n"
      "client-config-dir ccd\n" +
      more;
  options::Parsed parsed = options::parse_text(text, "server.conf");
  options::complete(parsed);
  return parsed.config;
}

bool has_hint(const std::vector<std::string>& hints, std::string_view words) {
  return std::ranges::any_of(
      hints, [&](const std::string& hint) { return hint.find(words) != std::string::npos; });
}

TEST(ServerHints, read_every_client_file) {
  sim::MemoryStore store;
  store.files["ccd/a"] = "ifconfig-push 10.8.0.9 255.255.255.0\n";
  store.files["ccd/b"] = "ifconfig-push 10.8.0.9 255.255.255.0\niroute 10.5.0.0 255.255.0.0\n";
  store.files["ccd/c"] = "port 5\n";
  store.files["elsewhere/d"] = "nonsense\n";
  const auto hints = server_hints(server_of(""), store, true);
  EXPECT_TRUE(has_hint(hints, "In ccd/b:1: 10.8.0.9 is already given by ccd/a"));
  EXPECT_TRUE(has_hint(hints, "In ccd/b:2: iroute 10.5.0.0/16 has no matching \"route\""));
  EXPECT_TRUE(has_hint(hints, "In ccd/c:1"));
  EXPECT_EQ(hints.size(), 3u);
}

TEST(ServerHints, ask_for_forwarding_only_where_something_lies_behind) {
  sim::MemoryStore store;
  EXPECT_TRUE(server_hints(server_of(""), store, false).empty());
  EXPECT_TRUE(
      server_hints(server_of("push \"route 10.8.0.0 255.255.255.0\"\n"), store, false).empty());
  const auto beyond = server_of("push \"route 192.168.1.0 255.255.255.0\"\n");
  EXPECT_TRUE(has_hint(server_hints(beyond, store, false), "net.ipv4.ip_forward=0"));
  EXPECT_TRUE(server_hints(beyond, store, true).empty());
  store.files["ccd/a"] = "iroute 10.5.0.0 255.255.0.0\n";
  const auto behind = server_of("route 10.5.0.0 255.255.0.0\n");
  EXPECT_TRUE(has_hint(server_hints(behind, store, false), "net.ipv4.ip_forward=0"));
}

TEST(ServerHints, ask_for_forwarding_when_a_route_leads_to_a_client) {
  sim::MemoryStore store;
  store.files["ccd/a"] = "push-reset\n";
  const auto routed = server_of("route 10.5.0.0 255.255.0.0\n");
  EXPECT_TRUE(has_hint(server_hints(routed, store, false), "net.ipv4.ip_forward=0"));
  EXPECT_FALSE(has_hint(server_hints(routed, store, true), "net.ipv4.ip_forward=0"));
  const auto beside = server_of("route 10.5.0.0 255.255.0.0 net_gateway\n");
  EXPECT_TRUE(server_hints(beside, store, false).empty());
}

TEST(ServerHints, say_how_to_let_in_a_network_behind_a_client) {
  const auto lan = *ip::Address::parse("192.168.20.10");
  EXPECT_EQ(
      advice_on_source(server_of(""), "client1", lan),
      "dropped packets of client1 from 192.168.20.10, which is no address of it: if its "
      "network is meant to be reached, add \"iroute 192.168.20.0 255.255.255.0\" to ccd/client1 "
      "and \"route 192.168.20.0 255.255.255.0\" to the server's configuration (or SNAT on the "
      "client)");
  const std::string v6 = advice_on_source(server_of(""), "a/b", *ip::Address::parse("fd00:20::7"));
  EXPECT_NE(v6.find("\"iroute-ipv6 fd00:20::/64\" to ccd/a_b and \"route-ipv6 fd00:20::/64\""),
            std::string::npos)
      << v6;
  options::Config without = server_of("");
  without.server.ccd.clear();
  EXPECT_NE(advice_on_source(without, "client1", lan).find("\"client-config-dir DIR\" names"),
            std::string::npos);
}

TEST(ServerHints, tell_of_routes_that_no_client_takes) {
  sim::MemoryStore store;
  store.files["ccd/a"] = "iroute 10.5.0.0 255.255.0.0\n";
  EXPECT_TRUE(server_hints(server_of("route 10.0.0.0 255.0.0.0\n"), store, true).empty());
  const auto hints = server_hints(
      server_of("route 10.5.0.0 255.255.0.0\nroute 10.6.0.0 255.255.0.0\n"), store, true);
  ASSERT_EQ(hints.size(), 1u);
  EXPECT_TRUE(has_hint(hints, "no client has an iroute for 10.6.0.0/16"));
  EXPECT_TRUE(has_hint(hints, "add \"iroute 10.6.0.0 255.255.0.0\""));
}

}  // namespace
}  // namespace adit::node
