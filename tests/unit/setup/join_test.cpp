#include "setup/join.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/setup/fake_host.h"

namespace adit::setup {
namespace {

constexpr const char* profile =
    "client\ndev tun\nproto udp\nremote 203.0.113.2 1194\nremote-cert-tls server\n"
    "<ca>\nCA\n</ca>\n<cert>\nCERT\n</cert>\n<key>\nKEY\n</key>\n";

ip::Prefix network(const char* text) { return *ip::Prefix::parse(text); }

class Join : public testing::Test {
 protected:
  Join() {
    host.links.push_back({"lan0", network("192.168.20.0/24"), *ip::Address::parse("192.168.20.1")});
    request.name = "office";
    request.profile = profile;
    request.far = std::vector{network("10.8.0.0/24"), network("192.168.1.0/24")};
  }
  Journal journal() { return *Journal::open(host, "/etc/adit/state", join_owner(request.name)); }
  JoinPlan plan() {
    const Journal empty = journal();
    return *plan_join(host, request, empty);
  }
  void join() {
    Journal now = journal();
    const JoinPlan made = *plan_join(host, request, now);
    ASSERT_TRUE(made.errors.empty()) << made.errors[0].text();
    const auto steps = plan_changes(host, now, made.wishes);
    ASSERT_TRUE(carry_out(host, now, *steps, [](const std::string&) {}));
  }

  void leave(const std::string& name) {
    auto now = *Journal::open(host, "/etc/adit/state", join_owner(name));
    ASSERT_TRUE(undo(host, now, [](const std::string&) {}));
  }

  FakeHost host;
  JoinRequest request;
};

TEST_F(Join, a_client_needs_a_profile_and_a_service_and_no_rules) {
  const JoinPlan made = plan();
  EXPECT_TRUE(made.errors.empty());
  EXPECT_FALSE(made.rules);
  EXPECT_EQ(made.file, "/etc/adit/joined/office.ovpn");
  EXPECT_EQ(made.unit, "adit-client@office.service");
  join();
  EXPECT_EQ(host.now.files.at("/etc/adit/joined/office.ovpn").mode, 0600u);
  EXPECT_EQ(host.now.files.at("/etc/adit/joined/office.ovpn").text, profile);
  EXPECT_TRUE(host.now.rules.empty());
  EXPECT_TRUE(host.now.active.contains("adit-client@office.service"));
}

TEST_F(Join, a_gateway_hides_its_network_unless_the_far_side_knows_the_way_back) {
  request.lans = std::vector{network("192.168.20.0/24")};
  ASSERT_TRUE(plan().rules);
  EXPECT_TRUE(plan().rules->snat);
  EXPECT_EQ(plan().rules->owner, "join-office");
  EXPECT_EQ(plan().rules->far.size(), 2u);
  request.snat = false;
  EXPECT_FALSE(plan().rules->snat);
  request.snat.reset();
  request.lans.reset();
  request.profile = "setenv ADIT_LAN 192.168.20.0/24\n" + std::string(profile);
  ASSERT_TRUE(plan().rules);
  EXPECT_FALSE(plan().rules->snat);
}

TEST_F(Join, maps_of_a_site_become_rules) {
  request.profile =
      "setenv ADIT_LAN 192.168.20.0/24\n"
      "setenv ADIT_MAP \"office 192.168.20.0/24 10.77.1.0/24\"\n" +
      std::string(profile);
  const JoinPlan made = plan();
  ASSERT_TRUE(made.rules);
  ASSERT_EQ(made.rules->maps.size(), 1u);
  EXPECT_EQ(made.rules->maps[0].shown, network("10.77.1.0/24"));
  EXPECT_FALSE(made.rules->snat);
}

TEST_F(Join, what_was_joined_can_be_read_again_for_the_rules) {
  request.lans = std::vector{network("192.168.20.0/24")};
  join();
  const auto rules = read_join_plan(host, "/etc/adit", "office");
  ASSERT_TRUE(rules && *rules);
  EXPECT_EQ((*rules)->lans, *request.lans);
  EXPECT_EQ((*rules)->far, *request.far);
  EXPECT_TRUE((*rules)->snat);
  EXPECT_FALSE(read_join_plan(host, "/etc/adit", "other"));
  EXPECT_EQ(joined_names(host, "/etc/adit"), std::vector<std::string>{"office"});
}

TEST_F(Join, leaving_brings_everything_back) {
  const auto before = host.now;
  request.lans = std::vector{network("192.168.20.0/24")};
  join();
  EXPECT_EQ(host.now.sysctls.at("net.ipv4.ip_forward"), "1");
  EXPECT_TRUE(host.now.rules.contains("join-office"));
  Journal now = journal();
  ASSERT_TRUE(undo(host, now, [](const std::string&) {}));
  EXPECT_EQ(host.now, before);
}

TEST_F(Join, a_hook_of_two_owners_goes_with_the_last) {
  firewall::Hook hook{"ufw", "packets", {{"ufw", "route", "allow"}}, {{"ufw", "delete"}}, true};
  const auto deleted = [&] { return std::ranges::count(host.ran, "ufw delete"); };
  host.surveyed.hooks = {hook};
  request.lans = std::vector{network("192.168.20.0/24")};
  join();
  host.surveyed.hooks[0].present = true;
  request.name = "branch";
  join();
  EXPECT_EQ(std::ranges::count(host.ran, "ufw route allow"), 1);
  leave("office");
  EXPECT_EQ(deleted(), 0);
  leave("branch");
  EXPECT_EQ(deleted(), 1);
}

TEST_F(Join, joining_again_changes_nothing_also_when_the_server_is_silent) {
  request.lans = std::vector{network("192.168.20.0/24")};
  join();
  request.far.reset();
  Journal now = journal();
  const JoinPlan made = *plan_join(host, request, now);
  EXPECT_FALSE(changes_something(*plan_changes(host, now, made.wishes)));
}

TEST_F(Join, a_network_that_this_host_lies_in_itself_is_refused) {
  request.far = std::vector{network("192.168.20.0/24")};
  const JoinPlan made = plan();
  ASSERT_EQ(made.errors.size(), 1u);
  EXPECT_NE(made.errors[0].what.find("192.168.20.0/24"), std::string::npos);
  EXPECT_NE(made.errors[0].advice.find("--map"), std::string::npos);
  EXPECT_TRUE(made.wishes.empty());
}

TEST_F(Join, the_tunnel_itself_is_not_in_its_own_way) {
  request.profile += "dev vpn0\ndev-type tun\n";
  host.links.push_back({"vpn0", network("10.8.0.0/24"), *ip::Address::parse("10.8.0.5")});
  EXPECT_TRUE(plan().errors.empty());
  host.links.back().device = "vpn1";
  EXPECT_EQ(plan().errors.size(), 1u);
}

TEST_F(Join, obstacles_are_told_all_at_once) {
  host.root = false;
  host.systemd = false;
  host.no_tun = Error{"/dev/net/tun is missing", "modprobe tun"};
  EXPECT_EQ(plan().errors.size(), 3u);
  request.service = false;
  EXPECT_EQ(plan().errors.size(), 2u);
}

TEST_F(Join, a_profile_must_be_a_clients) {
  request.profile = "dev tun\nserver 10.8.0.0 255.255.255.0\n";
  const Journal empty = journal();
  EXPECT_FALSE(plan_join(host, request, empty));
}

TEST(JoinName, is_the_files_name_where_that_is_plain) {
  EXPECT_EQ(join_name("/tmp/office.ovpn").value_or(""), "office");
  EXPECT_EQ(join_name("office").value_or(""), "office");
  EXPECT_EQ(join_name("a.b.ovpn").value_or(""), "a.b");
  EXPECT_FALSE(join_name("my office.ovpn"));
  EXPECT_FALSE(join_name("/tmp/"));
  EXPECT_FALSE(join_name(".ovpn"));
}

}  // namespace
}  // namespace adit::setup
