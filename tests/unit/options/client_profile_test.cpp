#include "options/client_profile.h"

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

ip::Address address(std::string_view text) { return *ip::Address::parse(text); }

Config net30_server() {
  return good(
      "dev tun\ntopology net30\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\n"
      "keepalive 10 60\n");
}

ParsedProfile profile_of(std::string_view text) {
  return parse_client_profile(text, "ccd/client1", server_with(""));
}

TEST(ClientProfile, a_weak_cipher_for_one_client_is_told) {
  const auto [profile, issues] = profile_of("data-ciphers AES-256-GCM:BF-CBC\n");
  EXPECT_EQ(warnings(issues), 1u);
  EXPECT_TRUE(mentions(issues, "In ccd/client1:1: --data-ciphers: BF-CBC is weak"))
      << all_text(issues);
}

TEST(ClientProfile, takes_setenv_opt) {
  const auto [profile, issues] = profile_of("setenv opt push \"ping 3\"\nsetenv opt brand-new\n");
  EXPECT_EQ(profile.push, (std::vector<std::string>{"ping 3"}));
  EXPECT_EQ(errors(issues), 0u) << all_text(issues);
}

TEST(ClientProfile, tells_a_limit_of_0_from_none) {
  const auto profile = profile_of("inactive 0\nsession-timeout 0\n").profile;
  EXPECT_EQ(profile.inactive, Seconds(0));
  EXPECT_EQ(profile.session_timeout, Seconds(0));
}

TEST(ClientProfile, reads_every_option_it_may_hold) {
  const auto [profile, issues] = profile_of(
      "--ifconfig-push 10.8.0.9 255.255.255.0\n"
      "ifconfig-ipv6-push fd00::9/64 fd00::1\n"
      "iroute 192.168.20.0 255.255.255.0\niroute 192.168.21.7\niroute-ipv6 fd00:20::/64\n"
      "push \"route 192.168.1.0 255.255.255.0\"\npush-remove \"route 10.60\"\npush-reset\n"
      "disable\ndata-ciphers aes-256-gcm\ncipher AES-128-CBC\n"
      "ping 5\nping-restart 20\nping-exit 30\ninactive 60 1000\nsession-timeout 3600\n"
      "max-routes-per-client 10\nsocket-flags TCP_NODELAY\n");
  EXPECT_EQ(issues.size(), 1u) << all_text(issues);
  EXPECT_TRUE(mentions(issues, "for a single client it has no effect"));
  ASSERT_TRUE(profile.ifconfig_push);
  EXPECT_EQ(profile.ifconfig_push->first, address("10.8.0.9"));
  EXPECT_EQ(profile.ifconfig_push_at, (Location{"ccd/client1", 1}));
  EXPECT_EQ(profile.ifconfig_ipv6_push->address, address("fd00::9"));
  EXPECT_EQ(profile.ifconfig_ipv6_push->bits, 64);
  EXPECT_EQ(profile.ifconfig_ipv6_push->remote, address("fd00::1"));
  ASSERT_EQ(profile.iroutes.size(), 3u);
  EXPECT_EQ(profile.iroutes[0].prefix.text(), "192.168.20.0/24");
  EXPECT_EQ(profile.iroutes[1].prefix.text(), "192.168.21.7/32");
  EXPECT_EQ(profile.iroutes[2].prefix.text(), "fd00:20::/64");
  EXPECT_EQ(profile.push, (std::vector<std::string>{"route 192.168.1.0 255.255.255.0"}));
  EXPECT_EQ(profile.push_remove, (std::vector<std::string>{"route 10.60"}));
  EXPECT_TRUE(profile.push_reset);
  EXPECT_TRUE(profile.disable);
  EXPECT_EQ(profile.data_ciphers, (std::vector<std::string>{"AES-256-GCM"}));
  EXPECT_EQ(profile.cipher, "AES-128-CBC");
  EXPECT_EQ(profile.ping, Seconds(5));
  EXPECT_EQ(profile.ping_restart, Seconds(20));
  EXPECT_EQ(profile.ping_exit, Seconds(30));
  EXPECT_EQ(profile.inactive, Seconds(60));
  EXPECT_EQ(profile.inactive_bytes, 1000u);
  EXPECT_EQ(profile.session_timeout, Seconds(3600));
  EXPECT_EQ(profile.max_routes, 10u);
  EXPECT_TRUE(profile.tcp_nodelay);
}

TEST(ClientProfile, reports_what_does_not_belong_and_applies_the_rest) {
  const auto [profile, issues] = profile_of(
      "disable\n\nroute 192.168.20.0 255.255.255.0\nverb 3\ndhcp-option DNS 10.0.0.1\n"
      "iroute 10.1.0.0 255.255.0.0\nremot x\n<ca>\n</ca>\n");
  EXPECT_TRUE(profile.disable);
  EXPECT_EQ(profile.iroutes.size(), 1u);
  EXPECT_EQ(errors(issues), 5u);
  EXPECT_TRUE(mentions(issues,
                       "In ccd/client1:3: option 'route' cannot be used in this context "
                       "(ccd/client1): \"route 192.168.20.0 255.255.255.0\""));
  EXPECT_TRUE(mentions(issues, "did you mean \"iroute\"?"));
  EXPECT_TRUE(mentions(issues, "ccd/client1:5: option 'dhcp-option'"));
  EXPECT_TRUE(mentions(issues, "to send it to this client, write: push \"dhcp-option ...\""));
  EXPECT_TRUE(mentions(issues, "In ccd/client1:7: Unrecognized option"));
  EXPECT_TRUE(mentions(issues, "In ccd/client1:8: option 'ca' cannot be used in this context"));
}

TEST(ClientProfile, may_include_files) {
  FakeFiles files(std::map<std::string, std::string>{{"common", "push-reset\n"}});
  const auto with = parse_client_profile("config common\n", "ccd/client1", server_with(""), &files);
  EXPECT_TRUE(with.profile.push_reset);
  EXPECT_EQ(errors(profile_of("config common\n").issues), 1u);
}

TEST(ClientProfile, does_not_send_what_would_break_a_client_in_topology_subnet) {
  const auto [profile, issues] = profile_of("ifconfig-push 10.8.0.2 10.8.0.1\n");
  EXPECT_FALSE(profile.ifconfig_push);
  EXPECT_TRUE(mentions(issues,
                       "Options error: In ccd/client1:1: second ifconfig-push word 10.8.0.1 is not "
                       "a netmask but topology is subnet"));
  EXPECT_TRUE(mentions(issues, "ifconfig-push 10.8.0.2 255.255.255.0"));
}

TEST(ClientProfile, warns_of_pairs_outside_one_slot_in_topology_net30) {
  const auto [profile, issues] =
      parse_client_profile("ifconfig-push 10.8.0.7 10.8.0.1\n", "ccd/c", net30_server());
  EXPECT_TRUE(profile.ifconfig_push);
  EXPECT_TRUE(mentions(issues, "WARNING: In ccd/c:1: 10.8.0.7 and 10.8.0.1 do not lie in one /30"));
  EXPECT_TRUE(mentions(issues, "ifconfig-push 10.8.0.6 10.8.0.5"));
}

TEST(ClientProfile, warns_of_addresses_in_the_slot_of_the_server) {
  const auto [profile, issues] =
      parse_client_profile("--ifconfig-push 10.8.0.2 10.8.0.1\n", "ccd/client1", net30_server());
  EXPECT_TRUE(profile.ifconfig_push);
  EXPECT_TRUE(mentions(issues, "10.8.0.2 is inside the server's own /30"));
  EXPECT_TRUE(mentions(issues, "use \"ifconfig-push 10.8.0.6 10.8.0.5\" or \"topology subnet\""));
}

TEST(ClientProfile, warns_of_netmasks_in_topology_net30) {
  const auto parsed =
      parse_client_profile("ifconfig-push 10.8.0.10 255.255.255.0\n", "ccd/c", net30_server());
  EXPECT_TRUE(mentions(parsed.issues, "is a netmask but topology is net30"));
}

TEST(ClientProfile, warns_of_addresses_outside_of_the_network) {
  EXPECT_TRUE(mentions(profile_of("ifconfig-push 10.9.0.2 255.255.255.0").issues,
                       "10.9.0.2 is outside of the network 10.8.0.0/24"));
  EXPECT_TRUE(mentions(profile_of("ifconfig-push 10.8.0.255 255.255.255.0").issues,
                       "10.8.0.255 is the broadcast address"));
}

TEST(ClientProfile, tells_of_bad_values) {
  EXPECT_EQ(errors(profile_of("ifconfig-push host 255.255.255.0").issues), 1u);
  EXPECT_EQ(errors(profile_of("iroute 10.0.0.0 255.0.255.0").issues), 1u);
  EXPECT_EQ(errors(profile_of("iroute-ipv6 10.0.0.0/8").issues), 1u);
  EXPECT_EQ(errors(profile_of("push \"a,b\"").issues), 1u);
  EXPECT_EQ(warnings(profile_of("iroute 10.1.2.3 255.255.0.0").issues), 1u);
}

TEST(Profiles, are_held_against_each_other_and_the_server) {
  const Config server = server_with("route 192.168.20.0 255.255.252.0\nroute-ipv6 fd00:20::/56\n");
  const auto named = [&](const char* name, const char* text) {
    return NamedProfile{name, parse_client_profile(text, name, server).profile};
  };
  const Issues issues = check_profiles(
      {named("ccd/a", "ifconfig-push 10.8.0.9 255.255.255.0\niroute 192.168.21.0 255.255.255.0\n"),
       named("ccd/b", "ifconfig-push 10.8.0.9 255.255.255.0\niroute 192.168.40.0 255.255.255.0\n"),
       named("ccd/c", "iroute-ipv6 fd00:20:0:1::/64\niroute-ipv6 fd00:30::/64\n")},
      server);
  EXPECT_EQ(issues.size(), 3u) << all_text(issues);
  EXPECT_TRUE(mentions(issues, "In ccd/b:1: 10.8.0.9 is already given by ccd/a"));
  EXPECT_TRUE(mentions(issues, "In ccd/b:2: iroute 192.168.40.0/24 has no matching \"route\""));
  EXPECT_TRUE(mentions(issues, "add \"route 192.168.40.0 255.255.255.0\""));
  EXPECT_TRUE(mentions(issues, "In ccd/c:2: iroute fd00:30::/64 has no matching"));
}

TEST(ClientProfile, an_address_outside_of_the_constraint_is_told) {
  const Config server = good(
      "dev tun\ntopology subnet\nmode server\ntls-server\nifconfig 10.8.0.1 255.255.255.0\n"
      "ifconfig-push-constraint 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\nkeepalive 10 60\n");
  const auto inside = parse_client_profile("ifconfig-push 10.8.0.9 255.255.255.0", "ccd/a", server);
  EXPECT_EQ(all_text(inside.issues), "");
  const auto outside =
      parse_client_profile("ifconfig-push 10.9.0.9 255.255.255.0", "ccd/a", server);
  EXPECT_TRUE(mentions(outside.issues,
                       "10.9.0.9 violates tunnel network/netmask constraint "
                       "(10.8.0.0/255.255.255.0)"))
      << all_text(outside.issues);
  EXPECT_TRUE(outside.profile.ifconfig_push);
}

}  // namespace
}  // namespace adit::options::testing
