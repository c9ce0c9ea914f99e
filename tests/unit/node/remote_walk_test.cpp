#include "node/remote_walk.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/sim/seeded_rng.h"

namespace adit::node {
namespace {

using namespace std::chrono_literals;

std::vector<options::Connection> remotes(int count) {
  std::vector<options::Connection> list(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    list[static_cast<std::size_t>(i)].remote = "host" + std::to_string(i);
  return list;
}

TEST(RemoteWalk, tries_every_address_of_every_remote_in_turn) {
  sim::SeededRng rng(1);
  RemoteWalk walk(remotes(2), false, rng);
  const auto default_advance = wire::AuthFailed::Advance::default_;
  walk.set_addresses({*ip::Address::parse("192.0.2.1"), *ip::Address::parse("192.0.2.2")});
  EXPECT_EQ(walk.address().text(), "192.0.2.1");
  walk.move_on(false, default_advance);
  EXPECT_EQ(walk.address().text(), "192.0.2.2");
  walk.move_on(false, default_advance);
  EXPECT_EQ(walk.connection().remote, "host1");
  EXPECT_FALSE(walk.has_address());
  walk.move_on(false, default_advance);
  EXPECT_EQ(walk.connection().remote, "host0");
  EXPECT_EQ(walk.fruitless_rounds(), 1u);
}

TEST(RemoteWalk, stays_where_it_worked_and_goes_where_it_is_told) {
  sim::SeededRng rng(1);
  RemoteWalk walk(remotes(2), false, rng);
  walk.set_addresses({*ip::Address::parse("192.0.2.1")});
  walk.move_on(true, wire::AuthFailed::Advance::default_);
  EXPECT_EQ(walk.connection().remote, "host0");
  walk.move_on(true, wire::AuthFailed::Advance::remote);
  EXPECT_EQ(walk.connection().remote, "host1");
  walk.move_on(false, wire::AuthFailed::Advance::no);
  EXPECT_EQ(walk.connection().remote, "host1");
}

TEST(RemoteWalk, rests_longer_after_fruitless_rounds_but_not_for_ever) {
  sim::SeededRng rng(1);
  RemoteWalk walk(remotes(1), false, rng);
  std::vector<long> pauses;
  for (int i = 0; i < 16; ++i) {
    pauses.push_back(walk.pause().count());
    walk.move_on(false, wire::AuthFailed::Advance::remote);
  }
  EXPECT_EQ(pauses[4], 1);
  EXPECT_EQ(pauses[5], 2);
  EXPECT_EQ(pauses[8], 16);
  EXPECT_EQ(pauses[15], 300);
  walk.move_on(true, wire::AuthFailed::Advance::default_);
  EXPECT_EQ(walk.pause().count(), 1);
}

TEST(RemoteWalk, without_a_pause_rests_all_the_same_after_fruitless_rounds) {
  sim::SeededRng rng(1);
  for (const std::chrono::seconds most : {std::chrono::seconds(0), std::chrono::seconds(300)}) {
    auto list = remotes(1);
    list[0].connect_retry = std::chrono::seconds(0);
    list[0].connect_retry_max = most;
    RemoteWalk walk(list, false, rng);
    EXPECT_EQ(walk.pause().count(), 0);
    for (int i = 0; i < 16; ++i) walk.move_on(false, wire::AuthFailed::Advance::remote);
    EXPECT_EQ(walk.pause().count(), most.count() == 0 ? 1 : 300);
  }
}

TEST(RemoteWalk, waits_as_long_as_it_is_told_to_but_not_beyond_its_maximum) {
  sim::SeededRng rng(1);
  auto list = remotes(1);
  list[0].connect_retry_max = std::chrono::seconds(20);
  RemoteWalk walk(list, false, rng);
  EXPECT_EQ(walk.pause(std::chrono::seconds(7)).count(), 7);
  EXPECT_EQ(walk.pause(std::chrono::seconds(42)).count(), 20);
}

TEST(RemoteWalk, who_listens_never_rests_longer) {
  sim::SeededRng rng{1};
  RemoteWalk walk({options::Connection{}}, false, rng);
  const auto first = walk.pause();
  for (int i = 0; i < 20; ++i) walk.move_on(false, wire::AuthFailed::Advance::default_);
  EXPECT_EQ(walk.pause(), first);
}

TEST(RemoteWalk, a_random_order_tries_them_all) {
  sim::SeededRng rng(5);
  RemoteWalk walk(remotes(6), true, rng);
  std::set<std::string> seen;
  for (int i = 0; i < 6; ++i) {
    seen.insert(walk.connection().remote);
    walk.move_on(false, wire::AuthFailed::Advance::remote);
  }
  EXPECT_EQ(seen.size(), 6u);
}

}  // namespace
}  // namespace adit::node
