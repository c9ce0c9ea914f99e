#include "node/stations.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

using namespace std::chrono_literals;
using Question = Stations::Question;

plane::Station station(std::uint8_t number, std::uint16_t vlan = 0) {
  return {{{2, 0, 0, 0, 0, number}}, vlan};
}

TEST(Stations, are_behind_whoever_sent_last) {
  Stations stations(1);
  EXPECT_EQ(stations.take_change(), nullptr);
  stations.put(station(1), 4);
  auto table = stations.take_change();
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->macs.find(station(1)), 4u);
  EXPECT_EQ(table->macs.find(station(1, 7)), plane::no_peer) << "another VLAN";
  stations.put(station(1), 4);
  EXPECT_EQ(stations.take_change(), nullptr);
  stations.put(station(1), 5);
  EXPECT_EQ(stations.take_change()->macs.find(station(1)), 5u);
  EXPECT_TRUE(stations.behind(4).empty());
  EXPECT_EQ(stations.owner(station(1)), 5u);
}

TEST(Stations, go_with_their_client) {
  Stations stations(1);
  stations.put(station(1), 7);
  stations.put(station(2), 7);
  stations.put(station(3), 8);
  static_cast<void>(stations.take_change());
  EXPECT_EQ(stations.remove(7), (std::vector{station(1), station(2)}));
  EXPECT_EQ(stations.owner(station(1)), std::nullopt);
  EXPECT_EQ(stations.owner(station(3)), 8u);
  ASSERT_NE(stations.take_change(), nullptr);
  EXPECT_TRUE(stations.remove(7).empty());
  EXPECT_EQ(stations.take_change(), nullptr);
}

TEST(Stations, that_are_asked_about_keep_one_frame_until_the_answer) {
  Stations stations(1);
  const Instant now(1h);
  const Buffer first{1}, second{2};
  EXPECT_EQ(stations.ask(station(1), 4, first, now), Question::fresh);
  EXPECT_EQ(stations.ask(station(1), 4, second, now), Question::waiting);
  EXPECT_EQ(stations.ask(station(1), 5, second, now), Question::fresh) << "another client";
  EXPECT_EQ(stations.count(4, now), 1u);
  EXPECT_EQ(stations.answered(station(1), 4, true, now), first);
  EXPECT_EQ(stations.answered(station(1), 4, true, now), std::nullopt);
  EXPECT_EQ(stations.count(4, now), 0u) << "it is not put yet";
}

TEST(Stations, that_were_refused_are_asked_about_again_after_a_while) {
  Stations stations(1);
  const Instant now(1h);
  const Buffer frame{1};
  EXPECT_EQ(stations.ask(station(1), 4, frame, now), Question::fresh);
  EXPECT_EQ(stations.answered(station(1), 4, false, now), frame);
  EXPECT_EQ(stations.ask(station(1), 4, frame, now + 9s), Question::refused);
  EXPECT_EQ(stations.count(4, now + 9s), 1u);
  EXPECT_EQ(stations.ask(station(1), 4, frame, now + 10s), Question::fresh);
  EXPECT_EQ(stations.answered(station(1), 4, false, now + 10s), frame);
  EXPECT_EQ(stations.count(4, now + 20s), 0u);
}

TEST(Stations, and_questions_and_frames_of_a_client_that_went_are_forgotten) {
  Stations stations(1);
  const Instant now(1h);
  const Buffer frame{1};
  EXPECT_EQ(stations.ask(station(1), 4, frame, now), Question::fresh);
  stations.hold(4, frame);
  stations.hold(5, frame);
  EXPECT_TRUE(stations.remove(4).empty());
  EXPECT_EQ(stations.answered(station(1), 4, true, now), std::nullopt);
  const auto held = stations.take_held();
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].client, 5u);
}

}  // namespace
}  // namespace adit::node
