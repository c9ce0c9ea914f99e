#include "options/push_update.h"

#include <gtest/gtest.h>

#include "options/parser.h"
#include "tests/unit/options/reading.h"

namespace adit::options {
namespace {

using Options = std::vector<std::string>;

class PushUpdate : public ::testing::Test {
 protected:
  // What a reply has left of a client whose own configuration says this.
  void client(const std::string& lines, const Options& pushed) {
    config = parse_text("client\nremote 192.0.2.1\n" + lines, "test.conf").config;
    pulled = pulled_from(config);
    EXPECT_EQ(apply_pushed(pushed, config, pulled).verdict, PushVerdict::complete);
  }
  UpdateOutcome update(const Options& options) { return apply_update(options, config, pulled); }
  Options networks() const {
    Options all;
    for (const RouteLine& route : pulled.routes.v4) all.push_back(route.network);
    return all;
  }

  Config config;
  Pulled pulled;
};

TEST_F(PushUpdate, the_first_of_a_kind_replaces_what_was_pushed_of_it) {
  client("route 10.1.0.0 255.255.0.0\n", {"route 10.2.0.0 255.255.0.0", "dhcp-option DNS 1.1.1.1"});
  const auto done = update({"route 10.3.0.0 255.255.0.0", "route 10.4.0.0 255.255.0.0"});
  EXPECT_FALSE(done.restart);
  EXPECT_EQ(networks(), (Options{"10.1.0.0", "10.3.0.0", "10.4.0.0"})) << "its own line stays";
  EXPECT_EQ(pulled.scripts.foreign_options, Options{"dhcp-option DNS 1.1.1.1"}) << "another kind";
  EXPECT_EQ(done.taken, (Options{"route", "route"}));
}

TEST_F(PushUpdate, a_minus_takes_all_of_a_kind_away) {
  client("",
         {"route 10.2.0.0", "redirect-gateway def1", "tun-mtu 1400", "ifconfig 10.8.0.2 10.8.0.1"});
  const auto done = update({"-route", "-redirect-gateway", "-?tun-mtu", "-ifconfig"});
  EXPECT_FALSE(done.restart);
  EXPECT_TRUE(networks().empty());
  EXPECT_FALSE(pulled.routes.redirect);
  EXPECT_FALSE(pulled.tun_mtu);
  EXPECT_FALSE(pulled.device.ifconfig);
}

TEST_F(PushUpdate, flags_go_back_to_what_the_client_says_itself) {
  client("", {"block-outside-dns", "block-ipv6"});
  EXPECT_FALSE(update({"-block-outside-dns", "-block-ipv6"}).restart);
  EXPECT_FALSE(pulled.routes.block_outside_dns);
  EXPECT_FALSE(pulled.device.block_ipv6);
  client("block-outside-dns\nblock-ipv6\n", {});
  EXPECT_FALSE(update({"-block-outside-dns", "-block-ipv6"}).restart);
  EXPECT_TRUE(pulled.routes.block_outside_dns);
  EXPECT_TRUE(pulled.device.block_ipv6);
}

TEST_F(PushUpdate, what_stands_last_counts) {
  client("", {"route 10.2.0.0"});
  EXPECT_FALSE(update({"route 10.3.0.0", "-route"}).restart);
  EXPECT_TRUE(networks().empty());
  EXPECT_FALSE(update({"-route", "route 10.4.0.0"}).restart);
  EXPECT_EQ(networks(), Options{"10.4.0.0"});
  EXPECT_FALSE(update({"redirect-gateway def1"}).restart);
  EXPECT_FALSE(update({"redirect-private local"}).restart);
  ASSERT_TRUE(pulled.routes.redirect);
  EXPECT_FALSE(pulled.routes.redirect->on) << "both are one kind";
}

TEST_F(PushUpdate, what_no_update_may_change_asks_for_a_restart) {
  client("", {"route 10.2.0.0"});
  for (const char* option : {"ping 10", "cipher AES-128-GCM", "-peer-id", "script-security 2",
                             "nonsense", "?-route", "--route", "??ping 4", "tun-mtu 60"}) {
    const auto done = update({"route 10.9.0.0", option});
    EXPECT_TRUE(done.restart) << option;
    EXPECT_TRUE(has_errors(done.issues)) << option;
    EXPECT_EQ(networks(), Options{"10.2.0.0"}) << option;
  }
}

TEST_F(PushUpdate, unless_it_is_marked_as_one_that_may_be_skipped) {
  client("", {});
  const auto done = update({"?ping 10", "-?sndbuf", "?nonsense", "route 10.3.0.0"});
  EXPECT_FALSE(done.restart);
  EXPECT_EQ(done.issues.size(), 3u);
  EXPECT_FALSE(has_errors(done.issues));
  EXPECT_EQ(networks(), Options{"10.3.0.0"});
}

TEST_F(PushUpdate, filters_and_route_nopull_hold_for_updates_too) {
  client("pull-filter ignore \"route 10.6\"\npull-filter reject dns\n", {});
  EXPECT_FALSE(update({"route 10.5.0.0", "route 10.6.0.0"}).restart);
  EXPECT_EQ(networks(), Options{"10.5.0.0"});
  EXPECT_TRUE(update({"dns server 1 address 192.0.2.53"}).restart);
  EXPECT_FALSE(update({"?dns server 1 address 192.0.2.53"}).restart);
  client("route-nopull\nroute 10.1.0.0\n", {});
  EXPECT_FALSE(update({"route 10.3.0.0", "-route", "tun-mtu 1400"}).restart);
  EXPECT_EQ(networks(), Options{"10.1.0.0"});
  EXPECT_EQ(pulled.tun_mtu, 1400u);
}

TEST_F(PushUpdate, one_route_alone_cannot_be_taken_away) {
  client("", {"route 10.2.0.0", "route 10.3.0.0"});
  const auto done = update({"-route 10.2.0.0"});
  EXPECT_FALSE(done.restart);
  EXPECT_TRUE(has_errors(done.issues));
  EXPECT_EQ(networks().size(), 2u);
}

TEST(PushUpdateBetween, names_each_kind_that_differs_as_a_whole) {
  const Options before{"route 10.1.0.0", "ping 10",         "dhcp-option DNS 10.8.0.1",
                       "route 10.2.0.0", "topology subnet", "redirect-private def1"};
  EXPECT_EQ(update_between(before, before), Options());
  const Options now{"route 10.2.0.0", "ping 20", "topology subnet",
                    "dns server 1 address 10.8.0.1"};
  EXPECT_EQ(update_between(before, now),
            (Options{"route 10.2.0.0", "-redirect-private", "-dhcp-option",
                     "dns server 1 address 10.8.0.1"}));
}

TEST(PushUpdateBetween, undoes_itself) {
  const Config config = parse_text("client\nremote 192.0.2.1\n", "test.conf").config;
  const Options one{"route 10.1.0.0 255.255.0.0", "dhcp-option DNS 10.8.0.1", "tun-mtu 1400"};
  const Options other{"route 10.2.0.0 255.255.0.0", "ifconfig 10.8.0.2 255.255.255.0",
                      "block-ipv6"};
  Pulled pulled = pulled_from(config);
  ASSERT_EQ(apply_pushed(one, config, pulled).verdict, PushVerdict::complete);
  EXPECT_FALSE(apply_update(update_between(one, other), config, pulled).restart);
  EXPECT_EQ(pulled.routes.v4.at(0).network, "10.2.0.0");
  EXPECT_TRUE(pulled.device.ifconfig && pulled.device.block_ipv6 && !pulled.tun_mtu);
  EXPECT_FALSE(apply_update(update_between(other, one), config, pulled).restart);
  EXPECT_EQ(pulled.routes.v4.at(0).network, "10.1.0.0");
  EXPECT_TRUE(!pulled.device.ifconfig && !pulled.device.block_ipv6 && pulled.tun_mtu == 1400u);
}

}  // namespace
}  // namespace adit::options
