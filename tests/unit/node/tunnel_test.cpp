#include "node/tunnel.h"

#include <gtest/gtest.h>

#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

TEST(Tunnel, undoes_exactly_what_it_did) {
  sim::MemoryLog log("test");
  sim::MemoryDevice device;
  sim::MemoryNetwork network;
  sim::MemoryProcesses processes;
  const ports::Route ours{
      *ip::Prefix::parse("10.0.0.0/8"), ip::Address::parse("192.0.2.1"), "", {}, 0};
  const ports::Route lan{
      *ip::Prefix::parse("192.168.1.0/24"), ip::Address::parse("10.8.0.1"), "tun0", {}, 0};
  network.routes = {ours};
  Tunnel tunnel(device, network, Log(log));
  Hooks hooks({}, {}, processes, Log(log));
  options::Device settings;
  settings.ifconfig = {"10.8.0.2", "255.255.255.0"};
  settings.ifconfig_ipv6 = {"fd88::2/64", "fd88::1"};
  const auto plan = make_tunnel_plan(settings, options::Topology::subnet, 1400);
  ASSERT_TRUE(plan);
  ASSERT_TRUE(tunnel.bring_up(*plan, hooks, {}));
  EXPECT_EQ(network.mtus["tun0"], 1400u);
  EXPECT_EQ(network.addresses.size(), 2u);
  RoutePlan routes;
  routes.routes = {lan, ours};  // the second was there before
  EXPECT_TRUE(tunnel.add_routes(routes, hooks, {}));
  const auto leads_to = [&](const char* to) { return tunnel.leads_to(*ip::Address::parse(to)); };
  EXPECT_TRUE(leads_to("192.168.1.53") && leads_to("10.8.0.1") && leads_to("fd88::1"));
  EXPECT_FALSE(leads_to("10.9.0.1") || leads_to("192.0.2.53"));
  tunnel.take_down(hooks, {}, "sigterm");
  EXPECT_EQ(network.routes, std::vector{ours});
  EXPECT_TRUE(network.addresses.empty());
}

TEST(Tunnel, keeps_an_address_beside_its_routes) {
  sim::MemoryLog log("test");
  sim::MemoryDevice device;
  sim::MemoryNetwork network;
  sim::MemoryProcesses processes;
  const auto route = [](const char* to, const char* by, const char* through) {
    return ports::Route{*ip::Prefix::parse(to), ip::Address::parse(by), through, {}, 0};
  };
  const ports::Route own = route("0.0.0.0/0", "192.0.2.1", "eth0");
  const ports::Route lan = route("198.51.100.0/24", "192.0.2.9", "eth1");
  network.routes = {own, lan};
  Tunnel tunnel(device, network, Log(log));
  Hooks hooks({}, {}, processes, Log(log));
  const auto plan = make_tunnel_plan({}, options::Topology::subnet, 1400);
  ASSERT_TRUE(plan);
  ASSERT_TRUE(tunnel.bring_up(*plan, hooks, {}));
  const auto kept = [&](const char* address) {
    return tunnel.keep_beside(*ip::Address::parse(address));
  };
  EXPECT_TRUE(kept("203.0.113.3"));
  EXPECT_EQ(network.routes.size(), 2u) << "nothing stands in the way";

  static_cast<void>(tunnel.look_around(ip::Address::parse("203.0.113.2")));
  RoutePlan routes;
  routes.routes = {route("0.0.0.0/1", "10.8.0.1", "tun0"),
                   route("128.0.0.0/1", "10.8.0.1", "tun0")};
  EXPECT_TRUE(tunnel.add_routes(routes, hooks, {}));
  EXPECT_TRUE(kept("198.51.100.7"));
  EXPECT_TRUE(kept("2001:db8::1")) << "it was not reached before, either";
  EXPECT_EQ(network.routes.size(), 4u);
  EXPECT_TRUE(kept("203.0.113.3"));
  EXPECT_TRUE(kept("203.0.113.3"));
  EXPECT_EQ(network.routes.size(), 5u);
  EXPECT_EQ(network.routes.back(), route("203.0.113.3/32", "192.0.2.1", "eth0"));
  EXPECT_FALSE(tunnel.leads_to(*ip::Address::parse("203.0.113.3"))) << "it takes it, no more";
  network.takes_routes = false;
  EXPECT_FALSE(kept("203.0.113.4"));
  tunnel.take_down(hooks, {}, "sigterm");
  EXPECT_EQ(network.routes, (std::vector{own, lan}));
}

TEST(Tunnel, says_that_ipv6_needs_larger_packets) {
  sim::MemoryLog log("test");
  sim::MemoryDevice device;
  sim::MemoryNetwork network;
  sim::MemoryProcesses processes;
  Tunnel tunnel(device, network, Log(log));
  Hooks hooks({}, {}, processes, Log(log));
  options::Device settings;
  settings.ifconfig_ipv6 = {"fd88::2/64", "fd88::1"};
  const auto plan = make_tunnel_plan(settings, options::Topology::subnet, 1200);
  ASSERT_TRUE(plan);
  const Status done = tunnel.bring_up(*plan, hooks, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text(),
            "add address fd88::2 dev tun0: Invalid argument - IPv6 needs a tun-mtu of at least "
            "1280: raise it from 1200, or leave IPv6 out");
}

TEST(Tunnel, addresses_that_make_no_sense_are_refused) {
  options::Device settings;
  settings.ifconfig = {"10.8.0.2", "10.8.0.1"};
  EXPECT_FALSE(make_tunnel_plan(settings, options::Topology::subnet, 1500));
  EXPECT_TRUE(make_tunnel_plan(settings, options::Topology::net30, 1500));
  settings.ifconfig = {"10.8.0", "x"};
  EXPECT_FALSE(make_tunnel_plan(settings, options::Topology::net30, 1500));
}

}  // namespace
}  // namespace adit::node
