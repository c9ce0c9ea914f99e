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
  stations.put(station(1), 4, Instant(1h));
  auto table = stations.take_change();
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->macs.find(station(1)), 4u);
  EXPECT_EQ(table->macs.find(station(1, 7)), plane::no_peer) << "another VLAN";
  stations.put(station(1), 4, Instant(1h));
  EXPECT_EQ(stations.take_change(), nullptr);
  stations.put(station(1), 5, Instant(1h));
  EXPECT_EQ(stations.take_change()->macs.find(station(1)), 5u);
  EXPECT_TRUE(stations.behind(4).empty());
  EXPECT_EQ(stations.owner(station(1)), 5u);
}

TEST(Stations, go_with_their_client) {
  Stations stations(1);
  stations.put(station(1), 7, Instant(1h));
  stations.put(station(2), 7, Instant(1h));
  stations.put(station(3), 8, Instant(1h));
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

TEST(Stations, are_stale_when_nothing_comes_of_them_for_so_long) {
  const Instant begin(1h);
  Stations stations(1, Stations::Ageing{60s, 10s}, begin);
  stations.put(station(1), 4, begin);
  stations.put(station(2), 4, begin);
  stations.put(station(3), 5, begin + 20s);
  const auto table = stations.take_change();
  EXPECT_TRUE(stations.take_stale(begin + 59s).empty());
  EXPECT_TRUE(table->macs.hear(station(2), 4));
  EXPECT_FALSE(table->macs.hear(station(1), 5)) << "it is elsewhere";
  const auto stale = stations.take_stale(begin + 60s);
  ASSERT_EQ(stale.size(), 1u);
  EXPECT_EQ(stale[0].station, station(1));
  EXPECT_EQ(stale[0].client, 4u);
  EXPECT_EQ(stations.behind(4), std::vector{station(2)});
  const auto next = stations.take_change();
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->macs.find(station(1)), plane::no_peer);
  EXPECT_TRUE(table->macs.hear(station(2), 4)) << "a lane may still look at the old table";
  EXPECT_EQ(stations.take_stale(begin + 80s).size(), 1u) << "station 3";
  EXPECT_TRUE(stations.take_stale(begin + 139s).empty());
  EXPECT_EQ(stations.take_stale(begin + 140s).size(), 1u) << "station 2, heard by 80 s";
}

TEST(Stations, that_are_stale_leave_room_for_others) {
  const Instant begin(1h);
  Stations stations(1, Stations::Ageing{60s, 10s}, begin);
  stations.put(station(1), 4, begin);
  EXPECT_EQ(stations.count(4, begin), 1u);
  EXPECT_EQ(stations.next_check(), begin + 10s);
  EXPECT_EQ(stations.take_stale(begin + 60s).size(), 1u);
  EXPECT_EQ(stations.next_check(), begin + 70s);
  EXPECT_EQ(stations.count(4, begin + 60s), 0u);
  EXPECT_TRUE(stations.remove(4).empty());
}

TEST(Stations, without_an_age_are_never_stale) {
  Stations stations(1);
  stations.put(station(1), 4, Instant(1h));
  EXPECT_EQ(stations.next_check(), Instant::max());
  EXPECT_TRUE(stations.take_stale(Instant(1000h)).empty());
}

}  // namespace
}  // namespace adit::node
