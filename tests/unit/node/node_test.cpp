#include <gtest/gtest.h>

#include "node/environment.h"
#include "node/gate.h"
#include "node/lines.h"
#include "node/remote_walk.h"
#include "node/route_plan.h"
#include "node/status.h"
#include "node/tunnel.h"
#include "session/control_wrap.h"
#include "tests/sim/fakes.h"
#include "tests/sim/seeded_rng.h"

namespace adit::node {
namespace {

using namespace std::chrono_literals;

// ---- gate ----

class GateTest : public testing::Test {
 protected:
  Gate gate(const Wrapping& wrapping, unsigned resets = 100) {
    return {wrapping, rng, 60s, {resets, 10s}};
  }
  static Wrapping server_side(Wrapping::Kind kind) {
    Wrapping wrapping;
    wrapping.kind = kind;
    wrapping.tls_server = true;
    wrapping.direction = 0;
    sim::SeededRng keys(7);
    wrapping.key = crypto::StaticKey::generate(keys);
    return wrapping;
  }
  Buffer seal(const Wrapping& server, wire::Opcode opcode, const wire::ControlBody& body,
              std::uint32_t stamp = 1) {
    Wrapping client = server;
    client.tls_server = false;
    client.direction = 1;
    Buffer plain(256), out(512);
    const auto size = wire::encode_control_body(body, plain);
    out.resize(*client.make_cipher()->seal({opcode, 0}, client_id, {stamp, 1000},
                                           Bytes(plain).first(*size), out));
    return out;
  }
  Buffer reset(const Wrapping& server) {
    wire::ControlBody body;
    body.packet_id = 0;
    return seal(server, wire::Opcode::hard_reset_client_v2, body);
  }

  sim::SeededRng rng{3};
  wire::SessionId client_id = wire::SessionId::random(rng);
  ports::LinkAddress from{{*ip::Address::parse("203.0.113.2"), 40000, 0}, {}, 0};
  Instant now{1h};
  WallTime wall{1000};
};

TEST_F(GateTest, another_limit_and_another_key_count_from_now_on) {
  const Wrapping former = server_side(Wrapping::Kind::tls_auth);
  Wrapping fresh = server_side(Wrapping::Kind::tls_crypt);
  Gate here = gate(former, 1);
  const auto answered = [&](const Wrapping& by) {
    return std::holds_alternative<Gate::Reply>(here.meet(reset(by), from, now, wall));
  };
  EXPECT_TRUE(answered(former));
  EXPECT_FALSE(answered(former)) << "one in ten seconds";
  here.adopt(former, {100, 10s});
  EXPECT_TRUE(answered(former));
  here.adopt(fresh, {100, 10s});
  EXPECT_FALSE(answered(former));
  EXPECT_TRUE(answered(fresh));
}

TEST_F(GateTest, a_reset_is_answered_with_a_cookie_and_the_third_packet_enters) {
  for (const auto kind :
       {Wrapping::Kind::none, Wrapping::Kind::tls_auth, Wrapping::Kind::tls_crypt}) {
    const Wrapping wrapping = server_side(kind);
    Gate here = gate(wrapping);
    const Buffer first = reset(wrapping);
    auto verdict = here.meet(first, from, now, wall);
    auto* reply = std::get_if<Gate::Reply>(&verdict);
    ASSERT_NE(reply, nullptr);
    EXPECT_LE(reply->datagram.size(), first.size() + 12) << "no amplification to speak of";
    const auto cookie = wire::decode_control_head(reply->datagram)->session;
    wire::ControlBody body;
    body.acks.push(0);
    body.remote = cookie;
    body.packet_id = 1;
    const Buffer third = seal(wrapping, wire::Opcode::control_v1, body, 2);
    auto entered = here.meet(third, from, now + 1s, wall);
    auto* welcome = std::get_if<Gate::Welcome>(&entered);
    ASSERT_NE(welcome, nullptr);
    EXPECT_EQ(welcome->opening.own, cookie);
    EXPECT_EQ(welcome->opening.remote, client_id);
    ports::LinkAddress liar = from;
    liar.remote.port = 40001;
    EXPECT_TRUE(std::holds_alternative<Drop>(here.meet(third, liar, now + 1s, wall)));
    EXPECT_TRUE(std::holds_alternative<Drop>(here.meet(third, from, now + 700s, wall)));
  }
}

// A reset that was repeated gets two answers, and to a client the second must be no replay.
TEST_F(GateTest, answers_of_different_seconds_and_the_session_after_them_are_all_fresh) {
  const Wrapping wrapping = server_side(Wrapping::Kind::tls_crypt);
  Wrapping client = wrapping;
  client.tls_server = false;
  session::ControlWrap client_wrap(client.make_cipher(), wall);
  Gate here = gate(wrapping);
  wire::SessionId cookie;
  for (int i = 0; i < 2; ++i, now += 2s, wall.seconds += 2) {
    auto verdict = here.meet(reset(wrapping), from, now, wall);
    Buffer answer = std::get<Gate::Reply>(verdict).datagram;
    cookie = wire::decode_control_head(answer)->session;
    EXPECT_TRUE(
        std::holds_alternative<crypto::ControlCipher::Opened>(client_wrap.open(answer, now)));
  }
  wire::ControlBody body;
  body.acks.push(0);
  body.remote = cookie;
  body.packet_id = 1;
  wall.seconds -= 3600;  // somebody set the clock
  auto verdict = here.meet(seal(wrapping, wire::Opcode::control_v1, body, 2), from, now, wall);
  const auto& welcome = std::get<Gate::Welcome>(verdict);
  session::ControlWrap server_wrap(welcome.protection.cipher, welcome.opening.stamp_time,
                                   welcome.opening.first_stamp);
  Buffer packet(256), plain(64);
  plain.resize(*wire::encode_control_body(body, plain));
  packet.resize(*server_wrap.seal({wire::Opcode::control_v1, 0}, cookie, plain, packet));
  EXPECT_TRUE(std::holds_alternative<crypto::ControlCipher::Opened>(client_wrap.open(packet, now)));
}

TEST_F(GateTest, nothing_but_the_right_key_gets_an_answer) {
  const Wrapping wrapping = server_side(Wrapping::Kind::tls_crypt);
  Gate here = gate(wrapping);
  EXPECT_EQ(std::get<Drop>(here.meet(reset(server_side(Wrapping::Kind::none)), from, now, wall)),
            Drop::malformed);
  Buffer damaged = reset(wrapping);
  damaged.back() ^= 1;
  EXPECT_EQ(std::get<Drop>(here.meet(damaged, from, now, wall)), Drop::bad_tag);
}

TEST_F(GateTest, answers_are_limited_but_real_clients_give_theirs_back) {
  const Wrapping wrapping = server_side(Wrapping::Kind::none);
  Gate here = gate(wrapping, 2);
  EXPECT_TRUE(std::holds_alternative<Gate::Reply>(here.meet(reset(wrapping), from, now, wall)));
  EXPECT_TRUE(std::holds_alternative<Gate::Reply>(here.meet(reset(wrapping), from, now, wall)));
  EXPECT_EQ(std::get<Drop>(here.meet(reset(wrapping), from, now, wall)), Drop::queue_full);
  EXPECT_TRUE(
      std::holds_alternative<Gate::Reply>(here.meet(reset(wrapping), from, now + 11s, wall)));
}

TEST_F(GateTest, tls_crypt_v2_alone_refuses_unwrapped_clients) {
  Wrapping wrapping = server_side(Wrapping::Kind::none);
  wrapping.v2_server = crypto::TlsCryptV2ServerKey::generate(rng);
  Gate here = gate(wrapping);
  EXPECT_EQ(std::get<Drop>(here.meet(reset(wrapping), from, now, wall)), Drop::unknown_opcode);
}

// ---- routes ----

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

// ---- tunnel ----

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

// ---- remotes ----

std::vector<options::Connection> remotes(int count) {
  std::vector<options::Connection> list(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    list[static_cast<std::size_t>(i)].remote = "host" + std::to_string(i);
  return list;
}

TEST(RemoteWalk, tries_every_address_of_every_remote_in_turn) {
  sim::SeededRng rng(1);
  RemoteWalk walk(remotes(2), false, rng);
  const auto default_advance = wire::AuthFailed::Advance::default_;
  walk.set_addresses({*ip::Address::parse("192.0.2.1"), *ip::Address::parse("192.0.2.2")});
  EXPECT_EQ(walk.address().text(), "192.0.2.1");
  walk.move_on(false, default_advance);
  EXPECT_EQ(walk.address().text(), "192.0.2.2");
  walk.move_on(false, default_advance);
  EXPECT_EQ(walk.connection().remote, "host1");
  EXPECT_FALSE(walk.has_address());
  walk.move_on(false, default_advance);
  EXPECT_EQ(walk.connection().remote, "host0");
  EXPECT_EQ(walk.fruitless_rounds(), 1u);
}

TEST(RemoteWalk, stays_where_it_worked_and_goes_where_it_is_told) {
  sim::SeededRng rng(1);
  RemoteWalk walk(remotes(2), false, rng);
  walk.set_addresses({*ip::Address::parse("192.0.2.1")});
  walk.move_on(true, wire::AuthFailed::Advance::default_);
  EXPECT_EQ(walk.connection().remote, "host0");
  walk.move_on(true, wire::AuthFailed::Advance::remote);
  EXPECT_EQ(walk.connection().remote, "host1");
  walk.move_on(false, wire::AuthFailed::Advance::no);
  EXPECT_EQ(walk.connection().remote, "host1");
}

TEST(RemoteWalk, rests_longer_after_fruitless_rounds_but_not_for_ever) {
  sim::SeededRng rng(1);
  RemoteWalk walk(remotes(1), false, rng);
  std::vector<long> pauses;
  for (int i = 0; i < 16; ++i) {
    pauses.push_back(walk.pause().count());
    walk.move_on(false, wire::AuthFailed::Advance::remote);
  }
  EXPECT_EQ(pauses[4], 1);
  EXPECT_EQ(pauses[5], 2);
  EXPECT_EQ(pauses[8], 16);
  EXPECT_EQ(pauses[15], 300);
  walk.move_on(true, wire::AuthFailed::Advance::default_);
  EXPECT_EQ(walk.pause().count(), 1);
}

TEST(RemoteWalk, without_a_pause_rests_all_the_same_after_fruitless_rounds) {
  sim::SeededRng rng(1);
  for (const std::chrono::seconds most : {std::chrono::seconds(0), std::chrono::seconds(300)}) {
    auto list = remotes(1);
    list[0].connect_retry = std::chrono::seconds(0);
    list[0].connect_retry_max = most;
    RemoteWalk walk(list, false, rng);
    EXPECT_EQ(walk.pause().count(), 0);
    for (int i = 0; i < 16; ++i) walk.move_on(false, wire::AuthFailed::Advance::remote);
    EXPECT_EQ(walk.pause().count(), most.count() == 0 ? 1 : 300);
  }
}

TEST(RemoteWalk, waits_as_long_as_it_is_told_to_but_not_beyond_its_maximum) {
  sim::SeededRng rng(1);
  auto list = remotes(1);
  list[0].connect_retry_max = std::chrono::seconds(20);
  RemoteWalk walk(list, false, rng);
  EXPECT_EQ(walk.pause(std::chrono::seconds(7)).count(), 7);
  EXPECT_EQ(walk.pause(std::chrono::seconds(42)).count(), 20);
}

TEST(RemoteWalk, who_listens_never_rests_longer) {
  sim::SeededRng rng{1};
  RemoteWalk walk({options::Connection{}}, false, rng);
  const auto first = walk.pause();
  for (int i = 0; i < 20; ++i) walk.move_on(false, wire::AuthFailed::Advance::default_);
  EXPECT_EQ(walk.pause(), first);
}

TEST(RemoteWalk, a_random_order_tries_them_all) {
  sim::SeededRng rng(5);
  RemoteWalk walk(remotes(6), true, rng);
  std::set<std::string> seen;
  for (int i = 0; i < 6; ++i) {
    seen.insert(walk.connection().remote);
    walk.move_on(false, wire::AuthFailed::Advance::remote);
  }
  EXPECT_EQ(seen.size(), 6u);
}

// ---- status ----

TEST(Status, looks_as_monitors_expect) {
  setenv("TZ", "UTC", 1);
  tzset();
  ServerStatus status;
  status.title = "TITLE LINE";
  status.now = {1795342556};
  ClientRow row;
  row.common_name = "client1";
  row.real_address = "198.18.0.2:55758";
  row.v4 = "10.8.0.2";
  row.v6 = "fd88::1000";
  row.bytes_received = 3876;
  row.bytes_sent = 3949;
  row.connected = {1795342520};
  row.cipher = "AES-256-GCM";
  status.clients = {row};
  status.routes = {{"10.8.0.2", "client1", "198.18.0.2:55758", {1795342521}}};
  EXPECT_EQ(render_server_status(status, 1),
            "OpenVPN CLIENT LIST\nUpdated,2026-11-22 10:15:56\n"
            "Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n"
            "client1,198.18.0.2:55758,3876,3949,2026-11-22 10:15:20\n"
            "ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\n"
            "10.8.0.2,client1,198.18.0.2:55758,2026-11-22 10:15:21\n"
            "GLOBAL STATS\nMax bcast/mcast queue length,0\nEND\n");
  const std::string second = render_server_status(status, 2);
  EXPECT_NE(second.find("CLIENT_LIST,client1,198.18.0.2:55758,10.8.0.2,fd88::1000,3876,3949,"
                        "2026-11-22 10:15:20,1795342520,UNDEF,0,0,AES-256-GCM\n"),
            std::string::npos);
  std::string third = render_server_status(status, 3);
  std::ranges::replace(third, '\t', ',');
  EXPECT_EQ(third, second);
}

TEST(Lines, are_in_the_exact_words_others_watch_for) {
  const ip::Endpoint from{*ip::Address::parse("203.0.113.2"), 59808, 0};
  EXPECT_EQ(lines::incoming_authentication_failed(from),
            "TLS Error: incoming packet authentication failed from [AF_INET]203.0.113.2:59808");
  EXPECT_EQ(lines::peer_connected("client1", from),
            "[client1] Peer Connection Initiated with [AF_INET]203.0.113.2:59808");
  EXPECT_EQ(lines::initial_packet(from, {{0xB8, 1, 2, 3, 0x6B, 4, 5, 6}}),
            "TLS: Initial packet from " + lines::with_family(from) + ", sid=b8010203 6b040506");
  const ip::Endpoint any{*ip::Address::parse("0.0.0.0"), 1194, 0};
  EXPECT_EQ(lines::link_local("UDPv4", any), "UDPv4 link local (bound): [AF_INET][undef]:1194");
  EXPECT_EQ(lines::link_local("UDPv4", {}), "UDPv4 link local: (not bound)");
  EXPECT_EQ(lines::link_remote("TCPv4_SERVER", {}), "TCPv4_SERVER link remote: [AF_UNSPEC]");
  EXPECT_EQ(lines::certificate_revoked(0, "CN=one", "3"),
            "VERIFY ERROR: depth=0, error=certificate revoked: CN=one, serial=3");
  EXPECT_EQ(
      lines::signal_received("SIGUSR1", false, lines::connection_failed, "process restarting"),
      "SIGUSR1[connection failed(soft),connection-failed] received, process restarting");
  EXPECT_EQ(lines::signal_received("SIGUSR1", false, "ping-restart", "process restarting"),
            "SIGUSR1[soft,ping-restart] received, process restarting");
  EXPECT_EQ(lines::key_negotiation_timeout(60),
            "TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network "
            "connectivity)");
  EXPECT_EQ(lines::inactivity("server", false),
            "[server] Inactivity timeout (--ping-restart), restarting");
}

// ---- what scripts are told ----

TEST(ForeignEnvironment, dns_servers_take_the_place_of_the_dhcp_ones) {
  options::Scripts scripts;
  scripts.foreign_options = {"dhcp-option DNS 192.0.2.9", "dhcp-option DOMAIN office.example"};
  scripts.dns = {{"server", "7", "address", "192.0.2.7:5353"},
                 {"server", "1", "address", "10.8.0.1", "fd00:8::1", "[fd00:8::3]:54"},
                 {"search-domains", "lab.example"}};
  const Environment env = foreign_environment(scripts);
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"foreign_option_1", "dhcp-option DOMAIN office.example"},
      {"foreign_option_2", "dhcp-option DNS 10.8.0.1"},
      {"foreign_option_3", "dhcp-option DNS6 fd00:8::1"},
      {"foreign_option_4", "dhcp-option DNS6 fd00:8::3"},
      {"foreign_option_5", "dhcp-option DNS 192.0.2.7"},
      {"foreign_option_6", "dhcp-option DOMAIN-SEARCH lab.example"},
      {"dns_search_domain_1", "lab.example"},
      {"dns_server_1_address_1", "10.8.0.1"},
      {"dns_server_1_address_2", "fd00:8::1"},
      {"dns_server_1_address_3", "fd00:8::3"},
      {"dns_server_1_port_3", "54"},
      {"dns_server_2_address_1", "192.0.2.7"},
      {"dns_server_2_port_1", "5353"}};
  EXPECT_EQ(env.variables(), wanted);
}

}  // namespace
}  // namespace adit::node
