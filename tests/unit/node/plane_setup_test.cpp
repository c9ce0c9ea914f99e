#include "node/plane_setup.h"

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::node {
namespace {

using options::testing::client_with;
using options::testing::server_with;

plane::PlaneSetup plane_of(const options::Config& config, const options::Connection& connection) {
  return make_plane_setup(config, connection, make_mtu_setup(config, connection));
}

TEST(PlaneSetup, asks_for_nothing_that_was_not_said) {
  const auto config = client_with("");
  const plane::PlaneSetup plane = plane_of(config, config.remotes.list.at(0));
  EXPECT_EQ(plane.largest_packet, 2048u);
  EXPECT_FALSE(plane.fragments || plane.block_ipv6 || plane.pass_tos || plane.ethernet);
  EXPECT_FALSE(plane.compress || plane.vlans);
}

TEST(PlaneSetup, has_what_the_configuration_and_the_connection_say) {
  const auto config = client_with("tun-mtu 6000\nfragment 1200\nblock-ipv6\npasstos\n");
  const plane::PlaneSetup plane = plane_of(config, config.remotes.list.at(0));
  EXPECT_EQ(plane.largest_packet, 6256u);
  EXPECT_TRUE(plane.fragments);
  EXPECT_TRUE(plane.block_ipv6);
  EXPECT_TRUE(plane.pass_tos);
}

TEST(PlaneSetup, lets_the_latest_acknowledgement_stand_for_others_where_tcp_is_joined) {
  const auto joins = [](std::string_view lines) {
    const auto config = client_with(lines);
    return plane_of(config, config.remotes.list.at(0)).latest_acknowledgements;
  };
  EXPECT_TRUE(joins(""));
  EXPECT_TRUE(joins("tun-offload no-uso\n"));
  EXPECT_FALSE(joins("tun-offload no-tso\n"));
  EXPECT_FALSE(joins("tun-offload off\n"));
  EXPECT_FALSE(joins("dev tap\n"));
}

TEST(PlaneSetup, has_vlans_only_with_frames) {
  auto config = server_with("dev tap\nvlan-tagging\nvlan-accept tagged\nvlan-pvid 7\n");
  const plane::PlaneSetup frames = plane_of(config, config.connection);
  EXPECT_TRUE(frames.ethernet);
  ASSERT_TRUE(frames.vlans);
  EXPECT_EQ(frames.vlans->accept, plane::Vlans::Accept::tagged);
  EXPECT_EQ(frames.vlans->of_tap, 7);
  config.device.type = options::DevType::tun;
  EXPECT_FALSE(plane_of(config, config.connection).vlans);
}

}  // namespace
}  // namespace adit::node
