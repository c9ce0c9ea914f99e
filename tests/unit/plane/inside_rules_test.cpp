#include "plane/inside_rules.h"

#include "ip/inner_packet.h"
#include "tests/unit/plane/planes.h"

namespace adit::plane {
namespace {

std::unique_ptr<InsideRules> rules_against(const char* host, std::uint16_t port, bool tcp = false) {
  auto rules = std::make_unique<InsideRules>();
  rules->outer = {{*ip::Address::parse(host), port, 0}, tcp};
  return rules;
}

Buffer to_port(const char* to, std::uint16_t port, std::uint8_t protocol = 17) {
  Buffer bytes = packet("10.8.0.2", to);
  bytes[9] = protocol;
  store_u16(&bytes[22], port);
  return bytes;
}

std::string ends(Bytes bytes) {
  const auto inner = ip::look(bytes);
  return inner ? inner->source.text() + " > " + inner->destination.text() : "malformed";
}

class InsideRulesOfPlanes : public Planes {
 protected:
  InsideRulesOfPlanes() : server_(server_setup()), client_(PlaneSetup{}) {
    join(server_, 0, "10.0.0.0/8");
    start(client_, 0);
  }

  // Whether the client sends it.
  bool leaves(const Buffer& bytes) {
    client_.tun.to_tunnel.push_back(bytes);
    client_.turn();
    return !std::exchange(client_.sent, {}).empty();
  }

  End server_, client_;
};

TEST_F(InsideRulesOfPlanes, the_tunnels_own_packets_do_not_enter_it) {
  client_.plane.set_inside(rules_against("198.51.100.2", 1194));
  EXPECT_FALSE(leaves(to_port("198.51.100.2", 1194)));
  const auto reports = client_.reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].kind, Report::Kind::recursive);
  EXPECT_TRUE(leaves(to_port("198.51.100.2", 22, 6))) << "another service of that host";
  EXPECT_TRUE(leaves(to_port("198.51.100.2", 1194, 6))) << "the other protocol";
  EXPECT_TRUE(leaves(to_port("198.51.100.3", 1194)));
  client_.plane.set_inside(rules_against("198.51.100.2", 1194, true));
  EXPECT_FALSE(leaves(to_port("198.51.100.2", 1194, 6)));
  client_.plane.set_inside(std::make_unique<InsideRules>());  // allow-recursive-routing
  EXPECT_TRUE(leaves(to_port("198.51.100.2", 1194)));
}

TEST_F(InsideRulesOfPlanes, neither_do_those_of_a_tunnel_over_ipv6) {
  Buffer bytes(48);
  bytes[0] = 0x60;
  store_u16(&bytes[4], 8);
  bytes[6] = 17;
  std::ranges::copy(ip::Address::parse("2001:db8::1")->bytes(), bytes.begin() + 8);
  std::ranges::copy(ip::Address::parse("2001:db8::2")->bytes(), bytes.begin() + 24);
  store_u16(&bytes[42], 1194);
  client_.plane.set_inside(rules_against("2001:db8::2", 1194));
  EXPECT_FALSE(leaves(bytes));
  store_u16(&bytes[42], 1195);
  EXPECT_TRUE(leaves(bytes));
}

TEST_F(InsideRulesOfPlanes, addresses_are_others_outside_and_the_same_inside) {
  auto rules = std::make_unique<InsideRules>();
  rules->swaps = {{false, 0x0A080000, 0xFFFFFF00, 0x0A630000},  // 10.8.0.0/24 is 10.99.0.0/24
                  {true, 0xC0A80100, 0xFFFFFF00, 0x0A320100}};  // 192.168.1.0/24 is 10.50.1.0/24
  client_.plane.set_inside(std::move(rules));
  client_.tun.to_tunnel.push_back(packet("10.8.0.2", "192.168.1.7"));
  carry(client_, server_, client_at);
  ASSERT_EQ(server_.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(ends(server_.tun.from_tunnel.front()), "10.99.0.2 > 10.50.1.7");
  server_.tun.to_tunnel.push_back(packet("10.50.1.7", "10.99.0.2"));
  carry(server_, client_, server_at);
  ASSERT_EQ(client_.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(ends(client_.tun.from_tunnel.front()), "192.168.1.7 > 10.8.0.2");
}

TEST_F(InsideRulesOfPlanes, ipv6_can_be_stopped_while_the_tunnel_stands) {
  Buffer bytes(48);
  bytes[0] = 0x60;
  store_u16(&bytes[4], 8);
  bytes[6] = 17;
  std::ranges::copy(ip::Address::parse("fd00::2")->bytes(), bytes.begin() + 8);
  std::ranges::copy(ip::Address::parse("fd00::1")->bytes(), bytes.begin() + 24);
  EXPECT_TRUE(leaves(bytes));
  auto rules = std::make_unique<InsideRules>();
  rules->block_ipv6 = true;
  client_.plane.set_inside(std::move(rules));
  EXPECT_FALSE(leaves(bytes));
}

TEST_F(Planes, a_server_without_ipv6_tells_its_client) {
  PlaneSetup setup = server_setup();
  setup.block_ipv6 = true;
  setup.ipv6_answer_from = *ip::Address::parse("fd00::1");
  End server(setup), client(PlaneSetup{});
  join(server, 0, "fd00::/64");
  start(client, 0);
  Buffer bytes(48);
  bytes[0] = 0x60;
  store_u16(&bytes[4], 8);
  bytes[6] = 17;
  std::ranges::copy(ip::Address::parse("fd00::2")->bytes(), bytes.begin() + 8);
  std::ranges::copy(ip::Address::parse("2001:db8::9")->bytes(), bytes.begin() + 24);
  client.tun.to_tunnel.push_back(bytes);
  carry(client, server, client_at);
  EXPECT_TRUE(server.tun.from_tunnel.empty());
  carry(server, client, server_at);
  ASSERT_EQ(client.tun.from_tunnel.size(), 1u);
  const Buffer answer = client.tun.from_tunnel.front();
  EXPECT_EQ(ends(answer), "fd00::1 > fd00::2");
  EXPECT_EQ(answer.at(6), 58);
  EXPECT_EQ(answer.at(40), 1) << "destination unreachable";
}

}  // namespace
}  // namespace adit::plane
