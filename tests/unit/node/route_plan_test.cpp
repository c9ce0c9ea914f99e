#include "node/route_plan.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

RouteFacts facts() {
  RouteFacts facts;
  facts.device = "tun0";
  facts.vpn_gateway = ip::Address::parse("10.8.0.1");
  facts.net_gateway = ports::Path{ip::Address::parse("192.168.20.1"), "eth0", {}};
  facts.remote_host = ip::Address::parse("198.51.100.2");
  facts.remote_path = facts.net_gateway;
  facts.default_routes = {
      {*ip::Prefix::parse("0.0.0.0/0"), ip::Address::parse("192.168.20.1"), "eth0", {}, 0}};
  facts.local_networks = {{"eth0", *ip::Address::parse("192.168.20.5"), 24}};
  return facts;
}

std::vector<std::string> text(const std::vector<ports::Route>& routes) {
  std::vector<std::string> lines;
  for (const ports::Route& route : routes) {
    lines.push_back(route.destination.text() + " via " +
                    (route.gateway ? route.gateway->text() : "-") + " dev " + route.device);
  }
  return lines;
}

TEST(RoutePlan, plain_lines_go_to_the_tunnels_other_end) {
  options::Routes routes;
  routes.v4.push_back({"192.168.1.0", "255.255.255.0", "", "", {}});
  routes.v4.push_back({"203.0.113.9", "", "net_gateway", "5", {}});
  routes.v6.push_back({"fd99::/64", "", "", {}});
  const auto plan = plan_routes(routes, facts());
  EXPECT_EQ(text(plan.routes), (std::vector<std::string>{"192.168.1.0/24 via 10.8.0.1 dev tun0",
                                                         "203.0.113.9/32 via 192.168.20.1 dev eth0",
                                                         "fd99::/64 via - dev tun0"}));
  EXPECT_EQ(plan.routes[1].metric, 5u);
  EXPECT_TRUE(plan.problems.empty());
}

TEST(RoutePlan, redirect_gateway_def1_keeps_the_server_reachable) {
  options::Routes routes;
  routes.redirect.emplace();
  routes.redirect->on = routes.redirect->def1 = routes.redirect->ipv6 = true;
  const auto plan = plan_routes(routes, facts());
  EXPECT_EQ(text(plan.routes),
            (std::vector<std::string>{
                "198.51.100.2/32 via 192.168.20.1 dev eth0", "0.0.0.0/1 via 10.8.0.1 dev tun0",
                "128.0.0.0/1 via 10.8.0.1 dev tun0", "::/3 via - dev tun0",
                "2000::/4 via - dev tun0", "3000::/4 via - dev tun0", "fc00::/7 via - dev tun0"}));
  EXPECT_TRUE(plan.removed.empty());
  EXPECT_TRUE(plan.redirects);
}

std::string names(const Environment& env) {
  std::string all;
  for (const auto& [name, value] : env.variables()) all += name + "=" + value + " ";
  return all;
}

TEST(RoutePlan, scripts_are_told_of_gateways_where_routes_may_need_them) {
  RouteFacts around = facts();
  around.net_gateway6 = ports::Path{ip::Address::parse("2001:db8::1"), "eth0", {}};
  around.vpn_gateway6 = ip::Address::parse("fd88::1");
  options::Routes routes;
  EXPECT_EQ(names(plan_routes(routes, around).environment), "");
  routes.v6.push_back({"fd99::/64", "", "", {}});
  EXPECT_EQ(names(plan_routes(routes, around).environment),
            "net_gateway_ipv6=2001:db8::1 route_ipv6_network_1=fd99::/64 "
            "route_ipv6_gateway_1=fd88::1 ");
  routes.redirect.emplace();
  routes.redirect->on = routes.redirect->ipv6 = routes.redirect->no_ipv4 = true;
  const RoutePlan plan = plan_routes(routes, around);
  EXPECT_FALSE(plan.redirects);  // of IPv4, the variable means
  const std::string told = names(plan.environment);
  EXPECT_NE(told.find("route_net_gateway=192.168.20.1 "), std::string::npos);
  EXPECT_NE(told.find("route_ipv6_network_2=::/3 "), std::string::npos);
  EXPECT_NE(told.find("route_ipv6_network_5=fc00::/7 "), std::string::npos);
}

TEST(RoutePlan, redirect_gateway_without_def1_replaces_the_default_route) {
  options::Routes routes;
  routes.redirect.emplace();
  routes.redirect->on = true;
  RouteFacts around = facts();
  around.default_routes.insert(
      around.default_routes.begin(),
      {*ip::Prefix::parse("0.0.0.0/0"), ip::Address::parse("10.8.0.1"), "tun0", {}, 0});
  const auto plan = plan_routes(routes, around);
  EXPECT_EQ(text(plan.removed), (std::vector<std::string>{"0.0.0.0/0 via 192.168.20.1 dev eth0"}))
      << "our own is none of the host's";
  EXPECT_EQ(text(plan.routes).back(), "0.0.0.0/0 via 10.8.0.1 dev tun0");
}

TEST(RoutePlan, block_local_takes_the_lan_but_not_its_gateway) {
  options::Routes routes;
  routes.redirect.emplace();
  routes.redirect->on = routes.redirect->def1 = routes.redirect->block_local = true;
  routes.v4.push_back({"10.81.0.0", "255.255.0.0", "", "", {}});
  const RoutePlan plan = plan_routes(routes, facts());
  const auto lines = text(plan.routes);
  const std::vector<std::string> wanted{
      "10.81.0.0/16 via 10.8.0.1 dev tun0", "192.168.20.1/32 via 192.168.20.1 dev eth0",
      "192.168.20.128/25 via 10.8.0.1 dev tun0", "192.168.20.0/25 via 10.8.0.1 dev tun0"};
  ASSERT_GE(lines.size(), wanted.size());
  EXPECT_TRUE(std::equal(wanted.rbegin(), wanted.rend(), lines.rbegin()));
  const std::string told = names(plan.environment);
  EXPECT_NE(told.find("route_network_1=10.81.0.0 "), std::string::npos) << told;
  EXPECT_NE(told.find("route_network_2=192.168.20.128 "), std::string::npos) << told;
}

TEST(RoutePlan, redirect_private_has_all_but_the_default_route) {
  options::Routes routes;
  routes.redirect.emplace();
  routes.redirect->ipv6 = true;
  const RoutePlan plan = plan_routes(routes, facts());
  EXPECT_EQ(text(plan.routes),
            (std::vector<std::string>{"198.51.100.2/32 via 192.168.20.1 dev eth0",
                                      "::/3 via - dev tun0", "2000::/4 via - dev tun0",
                                      "3000::/4 via - dev tun0", "fc00::/7 via - dev tun0"}));
  EXPECT_TRUE(plan.redirects);  // as stock tells scripts
}

TEST(RoutePlan, a_route_that_covers_an_ipv6_server_does_not_hide_it) {
  RouteFacts around = facts();
  around.remote_host = ip::Address::parse("2001:db8:5::2");
  around.remote_path = ports::Path{ip::Address::parse("2001:db8::1"), "eth0", {}};
  options::Routes routes;
  routes.v6.push_back({"fd99::/64", "", "", {}});
  EXPECT_EQ(plan_routes(routes, around).routes.size(), 1u);
  routes.v6.push_back({"2000::/3", "", "", {}});
  const RoutePlan plan = plan_routes(routes, around);
  ASSERT_EQ(plan.routes.size(), 3u);
  EXPECT_EQ(text(plan.routes).front(), "2001:db8:5::2/128 via 2001:db8::1 dev eth0");
  EXPECT_EQ(plan.routes.front().metric, 1u);
  around.remote_path->gateway.reset();  // a neighbour
  EXPECT_EQ(text(plan_routes(routes, around).routes).front(), "2001:db8:5::2/128 via - dev eth0");
}

TEST(RoutePlan, gateways_of_ipv6_routes_count_with_a_second_layer_only) {
  options::Routes routes;
  routes.v6.push_back({"fd82::/64", "fd00:8::7", "5", {}});
  RouteFacts around = facts();
  RoutePlan plan = plan_routes(routes, around);
  EXPECT_EQ(text(plan.routes).front(), "fd82::/64 via - dev tun0");
  EXPECT_NE(names(plan.environment).find("route_ipv6_gateway_1=fd00:8::7"), std::string::npos);
  around.layer2 = true;
  plan = plan_routes(routes, around);
  EXPECT_EQ(text(plan.routes).front(), "fd82::/64 via fd00:8::7 dev tun0");
}

TEST(RoutePlan, what_makes_no_sense_is_named_with_its_line) {
  options::Routes routes;
  routes.v4.push_back({"192.168.1.0", "255.0.255.0", "", "", {"server.conf", 7}});
  routes.v4.push_back({"no.such.host", "", "", "", {"server.conf", 8}});
  const auto plan = plan_routes(routes, facts());
  ASSERT_EQ(plan.problems.size(), 2u);
  EXPECT_NE(plan.problems[0].find("server.conf:7"), std::string::npos);
  EXPECT_NE(plan.problems[1].find("server.conf:8"), std::string::npos);
}

}  // namespace
}  // namespace adit::node
