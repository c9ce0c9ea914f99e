#include "setup/server_text.h"

#include <gtest/gtest.h>

#include "setup/firewall_plan.h"
#include "tests/unit/setup/addresses.h"
#include "tests/unit/setup/fake_host.h"

namespace adit::setup {
namespace {

ServerSettings everything() {
  ServerSettings settings;
  settings.network = prefix("10.9.0.0/24");
  settings.network6 = prefix("fd09::/64");
  settings.port = 443;
  settings.tcp = true;
  settings.endpoint = "vpn.example.com";
  settings.lans = {{prefix("192.168.1.0/24"), prefix("fd01::/64")}};
  settings.full_tunnel = true;
  settings.dns = {{address("192.168.1.1")}};
  settings.firewall = false;
  return settings;
}

ServerFacts facts_of_text(const std::string& text) {
  FakeHost host;
  auto facts = read_server_text(host, "/etc/adit", text);
  EXPECT_TRUE(facts) << (facts ? "" : facts.error().text()) << "\n" << text;
  return facts ? std::move(*facts) : ServerFacts{};
}

TEST(ServerText, SaysWhatWasWanted) {
  const ServerFacts facts = facts_of_text(new_server_conf(everything(), true));
  EXPECT_EQ(443, facts.port);
  EXPECT_TRUE(facts.tcp);
  EXPECT_EQ("vpn.example.com", facts.endpoint);
  EXPECT_EQ(prefix("10.9.0.0/24"), facts.network);
  EXPECT_EQ(prefix("fd09::/64"), facts.network6);
  EXPECT_EQ((std::vector{prefix("192.168.1.0/24"), prefix("fd01::/64")}), facts.lans);
  EXPECT_TRUE(facts.full_tunnel);
  EXPECT_EQ(std::vector{address("192.168.1.1")}, facts.dns);
  EXPECT_FALSE(facts.firewall);
  EXPECT_EQ("/etc/adit/ccd", facts.ccd);
  EXPECT_EQ(std::pair(address("10.9.0.128"), address("10.9.0.254")), facts.pool);
}

TEST(ServerText, DefaultsAreQuiet) {
  ServerSettings settings;
  settings.network = prefix("10.8.0.0/24");
  const std::string text = new_server_conf(settings, false);
  const ServerFacts facts = facts_of_text(text);
  EXPECT_EQ(1194, facts.port);
  EXPECT_FALSE(facts.tcp);
  EXPECT_FALSE(facts.network6);
  EXPECT_TRUE(facts.lans.empty());
  EXPECT_FALSE(facts.full_tunnel);
  EXPECT_TRUE(facts.firewall);
  EXPECT_NE(std::string::npos, text.find("explicit-exit-notify 1"));
  EXPECT_EQ(std::string::npos, text.find("setenv"));
}

TEST(ServerText, LinesOfTheUserStayWhenAnOptionIsGiven) {
  const std::string edited =
      "# mine\nport 1194   # the usual\nproto udp\ndev tun\nserver 10.8.0.0 255.255.255.0\n"
      "<ca>\nport 1\n</ca>\ncert c\nkey k\ndh none\n   verb   5\n\npush \"route 192.168.7.0 "
      "255.255.255.0\"\n";
  ConfText conf(edited);
  ServerSettings settings;
  settings.port = 443;
  edit_server_conf(conf, facts_of_text(edited), settings);
  std::string expected = edited;
  expected.replace(expected.find("port 1194   # the usual"), 23, "port 443");
  EXPECT_EQ(expected, conf.text());
}

TEST(ServerText, NothingGivenNothingChanges) {
  const std::string text = new_server_conf(everything(), true);
  ConfText conf(text);
  edit_server_conf(conf, facts_of_text(text), {});
  EXPECT_EQ(text, conf.text());
}

TEST(ServerText, SameOptionsGivenAgainChangeNothing) {
  const std::string text = new_server_conf(everything(), true);
  ConfText conf(text);
  edit_server_conf(conf, facts_of_text(text), everything());
  EXPECT_EQ(text, conf.text());
}

TEST(ServerText, ListOfLansIsReplacedAndRoutesToSitesStay) {
  std::string text = new_server_conf(everything(), false);
  text += "route 192.168.50.0 255.255.255.0\npush \"route 192.168.50.0 255.255.255.0\"\n";
  ConfText conf(text);
  ServerSettings settings;
  settings.lans = {{prefix("192.168.2.0/24")}};
  edit_server_conf(conf, facts_of_text(text), settings);
  const ServerFacts facts = facts_of_text(conf.text());
  EXPECT_EQ(std::vector{prefix("192.168.2.0/24")}, facts.lans);
  EXPECT_EQ(std::vector{prefix("192.168.50.0/24")}, facts.routed);
  EXPECT_NE(std::string::npos, conf.text().find("push \"route 192.168.50.0"));
  EXPECT_NE(std::string::npos, conf.text().find("setenv ADIT_LAN 192.168.2.0/24\n"));
}

TEST(ServerText, ChangeToTcpTakesWhatOnlyUdpKnows) {
  ServerSettings settings;
  settings.network = prefix("10.8.0.0/24");
  ConfText conf(new_server_conf(settings, true));
  ServerSettings tcp;
  tcp.tcp = true;
  edit_server_conf(conf, {}, tcp);
  EXPECT_EQ((ConfText::Words{"proto", "tcp6-server"}), conf.find("proto"));
  EXPECT_FALSE(conf.find("explicit-exit-notify"));
  tcp.tcp = false;
  edit_server_conf(conf, {}, tcp);
  EXPECT_EQ((ConfText::Words{"proto", "udp6"}), conf.find("proto"));
  EXPECT_TRUE(conf.find("explicit-exit-notify"));
}

TEST(ServerText, SnatIsSaidInAVariableAndTakenBack) {
  ServerSettings settings;
  settings.network = prefix("10.8.0.0/24");
  settings.snat = true;
  ConfText conf(new_server_conf(settings, false));
  EXPECT_NE(std::string::npos, conf.text().find("setenv ADIT_SNAT yes\n"));
  const ServerFacts facts = facts_of_text(conf.text());
  EXPECT_TRUE(facts.snat);
  EXPECT_TRUE(plan_of(facts, "server").snat);
  ServerSettings back;
  back.snat = false;
  edit_server_conf(conf, facts, back);
  EXPECT_EQ(std::string::npos, conf.text().find("ADIT_SNAT"));
}

TEST(FirewallPlan, FollowsFromConfigurationAndCcd) {
  FakeHost host;
  ServerSettings settings = everything();
  settings.firewall.reset();
  host.now.files["/etc/adit/server.conf"] = {
      new_server_conf(settings, false) +
      "route 10.77.1.0 255.255.255.0\npush \"route 10.77.1.0 255.255.255.0\"\n"
      "setenv ADIT_DENY \"office 10.9.0.0/24\"\n"};
  host.now.files["/etc/adit/ccd/office"] = {
      "ifconfig-push 10.9.0.5 255.255.255.0\niroute 10.77.1.0 255.255.255.0\n"};
  const auto plan = read_plan(host, "/etc/adit");
  ASSERT_TRUE(plan) << plan.error().text();
  ASSERT_TRUE(*plan);
  EXPECT_EQ("server", (*plan)->owner);
  EXPECT_EQ("tun", (*plan)->device);
  EXPECT_EQ((std::vector{prefix("10.9.0.0/24"), prefix("fd09::/64")}), (*plan)->tunnel);
  EXPECT_EQ((std::vector{prefix("192.168.1.0/24"), prefix("fd01::/64")}), (*plan)->lans);
  EXPECT_EQ(std::vector{prefix("10.77.1.0/24")}, (*plan)->far);
  EXPECT_TRUE((*plan)->full_tunnel);
  ASSERT_TRUE((*plan)->open);
  EXPECT_TRUE((*plan)->open->tcp);
  EXPECT_EQ(443, (*plan)->open->number);
  ASSERT_EQ(1u, (*plan)->denied.size());
  EXPECT_EQ(prefix("10.9.0.0/24"), (*plan)->denied[0].from);
  EXPECT_EQ(prefix("10.77.1.0/24"), (*plan)->denied[0].to);
}

TEST(FirewallPlan, ServerThatWantsNoRulesHasNone) {
  FakeHost host;
  host.now.files["/etc/adit/server.conf"] = {new_server_conf(everything(), false)};
  const auto plan = read_plan(host, "/etc/adit");
  ASSERT_TRUE(plan);
  EXPECT_FALSE(*plan);
}

TEST(FirewallPlan, MistakeInTheConfigurationIsToldWithItsLine) {
  FakeHost host;
  host.now.files["/etc/adit/server.conf"] = {"port 1194\nporto udp\n"};
  const auto plan = read_plan(host, "/etc/adit");
  ASSERT_FALSE(plan);
  EXPECT_NE(std::string::npos, plan.error().text().find("/etc/adit/server.conf:2"));
}

TEST(FirewallPlan, InstanceIsNamedAfterTheFolder) {
  EXPECT_EQ("server", instance_of("/etc/adit"));
  EXPECT_EQ("server", instance_of("/etc/adit/"));
  EXPECT_EQ("server-my-vpn", instance_of("/srv/my vpn"));
}

}  // namespace
}  // namespace adit::setup
