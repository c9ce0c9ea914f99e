#include "node/network_owners.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

ip::Prefix net(const char* text) { return *ip::Prefix::parse(text); }

plane::PeerIndex routed(const plane::RouteTable& table, const char* address) {
  const auto* found = table.peers.find(*ip::Address::parse(address));
  return found == nullptr ? plane::no_peer : *found;
}

TEST(NetworkOwners, the_last_to_come_has_it_and_the_one_before_has_it_again) {
  NetworkOwners owners;
  owners.claim(net("10.8.0.2"), 5, 1);
  owners.claim(net("10.8.0.2"), 3, 2);
  EXPECT_EQ(owners.owner(net("10.8.0.2")), 3u);
  EXPECT_EQ(owners.claimants(net("10.8.0.2")), (std::vector<plane::PeerIndex>{5, 3}));
  owners.release(net("10.8.0.2"), 3);
  EXPECT_EQ(owners.owner(net("10.8.0.2")), 5u);
  owners.release(net("10.8.0.2"), 5);
  EXPECT_EQ(owners.owner(net("10.8.0.2")), std::nullopt);
  EXPECT_TRUE(owners.claimants(net("10.8.0.2")).empty());
}

// A script may agree to the earlier client later.
TEST(NetworkOwners, arrival_decides_and_not_the_order_of_claims) {
  NetworkOwners owners;
  owners.claim(net("192.168.7.0/24"), 3, 2);
  owners.claim(net("192.168.7.0/24"), 5, 1);
  EXPECT_EQ(owners.owner(net("192.168.7.0/24")), 3u);
}

TEST(NetworkOwners, a_change_is_taken_once) {
  NetworkOwners owners;
  EXPECT_EQ(owners.take_change(), nullptr);
  owners.claim(net("10.8.0.2"), 5, 1);
  owners.claim(net("192.168.0.0/16"), 6, 2);
  const auto first = owners.take_change();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(routed(*first, "10.8.0.2"), 5u);
  EXPECT_EQ(routed(*first, "192.168.3.4"), 6u);
  EXPECT_EQ(owners.take_change(), nullptr);
  owners.release(net("10.8.0.2"), 7);  // never had it
  EXPECT_EQ(owners.take_change(), nullptr);
  owners.release(net("10.8.0.2"), 5);
  const auto second = owners.take_change();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(routed(*second, "10.8.0.2"), plane::no_peer);
  EXPECT_EQ(routed(*first, "10.8.0.2"), 5u);  // what was published does not change
}

}  // namespace
}  // namespace adit::node
