#include "firewall/outgoing.h"

#include <gtest/gtest.h>

namespace adit::firewall {
namespace {

TEST(KillSwitchRules, let_out_what_the_tunnel_is_made_of_and_its_device) {
  KillSwitch wanted;
  wanted.devices = {"tun0"};
  wanted.ends = {{{*ip::Address::parse("203.0.113.2"), 1194, 0}, false},
                 {{*ip::Address::parse("2001:db8::2"), 443, 0}, true}};
  const std::string text = render(wanted);
  EXPECT_NE(text.find("policy drop"), std::string::npos) << text;
  EXPECT_NE(text.find("oifname \"tun0\" accept"), std::string::npos) << text;
  EXPECT_NE(text.find("ip daddr 203.0.113.2 udp dport 1194 accept"), std::string::npos) << text;
  EXPECT_NE(text.find("ip6 daddr 2001:db8::2 tcp dport 443 accept"), std::string::npos) << text;
}

TEST(KillSwitchRules, let_out_datagrams_to_a_relay_whose_port_nobody_knows_yet) {
  KillSwitch wanted;
  wanted.ends = {{{*ip::Address::parse("203.0.113.9"), 0, 0}, false}};
  const std::string text = render(wanted);
  EXPECT_NE(text.find("ip daddr 203.0.113.9 meta l4proto udp accept"), std::string::npos) << text;
  EXPECT_EQ(text.find("tcp"), std::string::npos) << text;
}

}  // namespace
}  // namespace adit::firewall
