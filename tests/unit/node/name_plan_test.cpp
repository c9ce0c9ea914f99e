#include "node/name_plan.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

using options::DnsUpdown;

options::Scripts pushed() {
  options::Scripts scripts;
  scripts.foreign_options = {"dhcp-option DNS 10.8.0.1",
                             "dhcp-option DOMAIN office.example",
                             "dhcp-option DNS6 fd00::1",
                             "dhcp-option NTP 10.8.0.9",
                             "dhcp-option DOMAIN-SEARCH lab.example",
                             "dhcp-option DOMAIN office.example",
                             "dhcp-option DISABLE-NBT"};
  return scripts;
}

std::vector<std::string> texts(const ports::NameServer& server) {
  std::vector<std::string> all;
  for (const ip::Endpoint& at : server.addresses) {
    all.push_back(at.port == 0 ? at.address.text() : at.text());
  }
  return all;
}

using Texts = std::vector<std::string>;

TEST(NamePlan, takes_servers_and_domains_of_dhcp_options) {
  const auto settings = name_settings(pushed());
  ASSERT_EQ(settings.servers.size(), 1u);
  EXPECT_EQ(texts(settings.servers[0]), (Texts{"10.8.0.1", "fd00::1"}));
  EXPECT_EQ(settings.search, (Texts{"office.example", "lab.example"}));
}

TEST(NamePlan, has_the_lowest_number_first_and_then_no_dhcp_servers) {
  options::Scripts scripts = pushed();
  scripts.dns = {{"server", "7", "address", "10.0.0.7:5353", "[fd00::7]:54"},
                 {"server", "-2", "address", "10.0.0.2"},
                 {"server", "7", "resolve-domains", "corp.example"},
                 {"server", "7", "transport", "DoT"},
                 {"server", "7", "sni", "dns.corp.example"},
                 {"server", "9", "dnssec", "yes"},
                 {"search-domains", "a.example"}};
  const auto settings = name_settings(scripts);
  ASSERT_EQ(settings.servers.size(), 2u);
  EXPECT_EQ(texts(settings.servers[0]), (Texts{"10.0.0.2"}));
  EXPECT_EQ(texts(settings.servers[1]), (Texts{"10.0.0.7:5353", "[fd00::7]:54"}));
  EXPECT_EQ(settings.servers[1].domains, (Texts{"corp.example"}));
  EXPECT_EQ(settings.servers[1].transport, "DoT");
  EXPECT_EQ(settings.servers[1].sni, "dns.corp.example");
  EXPECT_EQ(settings.search, (Texts{"a.example", "office.example", "lab.example"}));
}

TEST(NamePlan, leaves_it_to_whoever_looks_after_names_already) {
  options::Scripts scripts = pushed();
  EXPECT_TRUE(plan_names(scripts, {}, {}, false).settings);
  EXPECT_FALSE(plan_names(scripts, {}, {}, true).settings) << "a plugin hears of up";
  options::Device bare;
  bare.ifconfig_noexec = true;
  EXPECT_FALSE(plan_names(scripts, {}, bare, false).settings);

  scripts.up.words = {"/etc/openvpn/update-resolv-conf"};
  const NamePlan by_up = plan_names(scripts, {}, {}, false);
  EXPECT_FALSE(by_up.settings);
  EXPECT_NE(by_up.note.find("up script"), std::string::npos);
  scripts.dns_choice = DnsUpdown::force;
  EXPECT_TRUE(plan_names(scripts, {}, {}, false).settings);

  scripts.dns_choice = DnsUpdown::usual;
  scripts.dns_updown.words = {"/usr/local/bin/names"};
  const NamePlan by_script = plan_names(scripts, {}, {}, false);
  ASSERT_TRUE(by_script.settings);
  EXPECT_TRUE(by_script.settings->by_script);
  scripts.dns_choice = DnsUpdown::disable;
  EXPECT_FALSE(plan_names(scripts, {}, {}, false).settings);
}

TEST(NamePlan, blocks_other_ways_only_where_the_tunnel_has_a_server) {
  options::Routes routes;
  routes.block_outside_dns = true;
  const NamePlan plan = plan_names(pushed(), routes, {}, false);
  ASSERT_TRUE(plan.settings);
  EXPECT_TRUE(plan.settings->only_inside);
  const NamePlan without = plan_names({}, routes, {}, false);
  EXPECT_FALSE(without.settings);
  EXPECT_NE(without.note.find("no effect"), std::string::npos);
}

}  // namespace
}  // namespace adit::node
