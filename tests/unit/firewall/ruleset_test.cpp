#include "firewall/ruleset.h"

#include <gtest/gtest.h>

#include "firewall/load.h"
#include "tests/unit/firewall/saved.h"

namespace adit::firewall {
namespace {

// The rules of one chain, a line each.
std::string rules_in(const Plan& plan, Place place) {
  const auto chains = chains_of(plan);
  if (!chains) return chains.error().what;
  std::string text;
  for (const ChainText& chain : *chains) {
    if (chain.place != place) continue;
    for (const std::string& rule : chain.rules) text += rule + "\n";
  }
  return text;
}

TEST(FirewallRuleset, replaces_the_chains_of_its_owner_in_one_transaction) {
  Plan plan;
  plan.owner = "join-office";
  plan.device = "tun3";
  plan.open = Port{true, 443};
  const auto text = render(plan);
  ASSERT_TRUE(text) << text.error().what;
  EXPECT_EQ(*text,
            "add table inet adit\n"
            "add chain inet adit join-office-forward\n"
            "flush chain inet adit join-office-forward\n"
            "delete chain inet adit join-office-forward\n"
            "add chain inet adit join-office-input\n"
            "flush chain inet adit join-office-input\n"
            "delete chain inet adit join-office-input\n"
            "add chain inet adit join-office-prerouting\n"
            "flush chain inet adit join-office-prerouting\n"
            "delete chain inet adit join-office-prerouting\n"
            "add chain inet adit join-office-postrouting\n"
            "flush chain inet adit join-office-postrouting\n"
            "delete chain inet adit join-office-postrouting\n"
            "add chain inet adit join-office-forward { type filter hook forward priority filter; "
            "policy accept; }\n"
            "add rule inet adit join-office-forward ct state established,related accept\n"
            "add chain inet adit join-office-input { type filter hook input priority filter; "
            "policy accept; }\n"
            "add rule inet adit join-office-input tcp dport 443 counter accept\n");
}

TEST(FirewallRuleset, lets_clients_reach_what_is_offered_and_refuses_the_rest_visibly) {
  EXPECT_EQ(rules_in(office(), Place::forward),
            "ct state established,related accept\n"
            "iifname \"tun0\" ip saddr { 10.8.0.0/24, 192.168.50.0/24 } ip daddr { 10.8.0.0/24, "
            "192.168.1.0/24, 192.168.50.0/24 } counter accept\n"
            "iifname \"tun0\" ip saddr { 10.8.0.0/24, 192.168.50.0/24 } counter reject with icmpx "
            "admin-prohibited\n");
  EXPECT_EQ(rules_in(office(), Place::postrouting), "");
  EXPECT_EQ(rules_in(office(), Place::prerouting), "");
}

TEST(FirewallRuleset, any_tun_device_is_a_pattern) {
  Plan plan = office();
  plan.device = "tun";
  plan.far.clear();
  EXPECT_NE(rules_in(plan, Place::forward).find("iifname \"tun*\" ip saddr 10.8.0.0/24"),
            std::string::npos);
}

TEST(FirewallRuleset, denied_packets_are_dropped_whichever_side_of_the_tunnel_they_come_from) {
  Plan plan;
  plan.owner = "server";
  plan.device = "tun0";
  plan.denied = {{net("10.8.0.0/24"), net("192.168.1.9/32")}, {net("fd01::/64"), net("fd02::/64")}};
  EXPECT_EQ(rules_in(plan, Place::forward),
            "ct state established,related accept\n"
            "iifname \"tun0\" ip saddr 10.8.0.0/24 ip daddr 192.168.1.9/32 counter drop\n"
            "oifname \"tun0\" ip saddr 10.8.0.0/24 ip daddr 192.168.1.9/32 counter drop\n"
            "iifname \"tun0\" ip6 saddr fd01::/64 ip6 daddr fd02::/64 counter drop\n"
            "oifname \"tun0\" ip6 saddr fd01::/64 ip6 daddr fd02::/64 counter drop\n");
}

TEST(FirewallRuleset, a_full_tunnel_hides_all_but_global_addresses_from_the_world) {
  Plan plan;
  plan.owner = "server";
  plan.device = "tun0";
  plan.full_tunnel = true;
  plan.tunnel = {net("10.8.0.0/24"), net("fd00:8::/64"), net("2001:db8:8::/64")};
  plan.lans = {net("192.168.1.0/24")};
  EXPECT_EQ(rules_in(plan, Place::postrouting),
            "oifname != \"tun0\" ip saddr 10.8.0.0/24 ip daddr != { 10.8.0.0/24, 192.168.1.0/24 } "
            "masquerade\n"
            "oifname != \"tun0\" ip6 saddr fd00:8::/64 ip6 daddr != { 2001:db8:8::/64, fd00:8::/64 "
            "} masquerade\n");
  EXPECT_EQ(rules_in(plan, Place::forward), "ct state established,related accept\n");
}

TEST(FirewallRuleset, with_snat_this_host_stands_for_both_sides) {
  Plan plan = office();
  plan.snat = true;
  EXPECT_EQ(rules_in(plan, Place::postrouting),
            "oifname != \"tun0\" ip saddr { 10.8.0.0/24, 192.168.50.0/24 } ip daddr 192.168.1.0/24 "
            "masquerade\n"
            "oifname \"tun0\" ip saddr 192.168.1.0/24 masquerade\n");
}

TEST(FirewallRuleset, maps_translate_whole_networks_both_ways) {
  Plan plan;
  plan.owner = "join-a";
  plan.device = "tun0";
  plan.tunnel = {net("10.8.0.0/24")};
  plan.far = {net("10.99.2.0/24")};
  plan.maps = {{net("192.168.1.0/24"), net("10.99.1.0/24")},
               {net("fd00:1::/64"), net("fd99:1::/64")}};
  EXPECT_EQ(rules_in(plan, Place::prerouting),
            "iifname \"tun0\" ip daddr 10.99.1.0/24 dnat ip prefix to 192.168.1.0/24\n"
            "iifname \"tun0\" ip6 daddr fd99:1::/64 dnat ip6 prefix to fd00:1::/64\n");
  EXPECT_EQ(rules_in(plan, Place::postrouting),
            "oifname \"tun0\" ip saddr 192.168.1.0/24 snat ip prefix to 10.99.1.0/24\n"
            "oifname \"tun0\" ip6 saddr fd00:1::/64 snat ip6 prefix to fd99:1::/64\n");
  EXPECT_NE(rules_in(plan, Place::forward).find("192.168.1.0/24"), std::string::npos)
      << "what is mapped is offered too";
}

TEST(FirewallRuleset, a_network_within_another_is_named_once) {
  const auto kept = without_overlaps({net("10.8.0.0/16"), net("10.8.4.0/24"), net("10.8.0.0/24"),
                                      net("10.9.0.0/24"), net("10.9.0.0/24"), net("fd00::/8")});
  EXPECT_EQ(kept, (std::vector{net("10.8.0.0/16"), net("10.9.0.0/24"), net("fd00::/8")}));
}

TEST(FirewallRuleset, the_last_owner_takes_the_table_along) {
  EXPECT_EQ(render_removal("server", true), "add table inet adit\ndelete table inet adit\n");
  const std::string text = render_removal("server", false);
  EXPECT_EQ(text.find("delete table"), std::string::npos);
  EXPECT_NE(text.find("delete chain inet adit server-postrouting\n"), std::string::npos);
}

TEST(FirewallRuleset, refuses_what_nft_would_read_as_something_else) {
  const auto why = [](auto change) {
    Plan plan = office();
    change(plan);
    const auto text = render(plan);
    return text ? *text : text.error().what;
  };
  EXPECT_NE(why([](Plan& p) { p.owner = "a; flush ruleset"; }).find("cannot be part"),
            std::string::npos);
  EXPECT_NE(why([](Plan& p) { p.owner = ""; }).find("cannot be part"), std::string::npos);
  EXPECT_NE(why([](Plan& p) { p.owner = "1x"; }).find("cannot be part"), std::string::npos);
  EXPECT_NE(why([](Plan& p) { p.device = "tun0\" accept #"; }).find("name of a network device"),
            std::string::npos);
  EXPECT_NE(why([](Plan& p) { p.device = "a-name-of-16-ch."; }).find("name of a network device"),
            std::string::npos);
  EXPECT_NE(why([](Plan& p) {
              p.maps = {{net("192.168.1.0/24"), net("10.1.0.0/16")}};
            }).find("cannot show 192.168.1.0/24 as 10.1.0.0/16"),
            std::string::npos);
  EXPECT_NE(why([](Plan& p) {
              p.denied = {{net("192.168.1.0/24"), net("fd00::/8")}};
            }).find("one is IPv4"),
            std::string::npos);
}

TEST(FirewallOwners, are_known_by_their_chains) {
  EXPECT_EQ(owner_of_chain("join-my-forward-forward"), "join-my-forward");
  EXPECT_EQ(owner_of_chain("server-postrouting"), "server");
  EXPECT_EQ(owner_of_chain("-input"), "");
  EXPECT_EQ(owner_of_chain("guests"), "");
  EXPECT_EQ(owners_in("table inet adit {\n\tchain server-forward {\n\t}\n\tchain server-input {\n"
                      "\t}\n\tchain join-a-forward {\n\t}\n\tchain mine {\n\t}\n}\n"),
            (std::vector<std::string>{"join-a", "server"}));
}

}  // namespace
}  // namespace adit::firewall
