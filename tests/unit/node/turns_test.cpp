#include "node/turns.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

TEST(Turns, strangers_go_beside_each_other_up_to_the_limit) {
  Turns turns(2, 2);
  const auto a = turns.join({"a"}), b = turns.join({"b"}), c = turns.join({});
  EXPECT_EQ(turns.next(), a);
  EXPECT_EQ(turns.next(), b);
  EXPECT_FALSE(turns.next());
  turns.leave(b);
  EXPECT_EQ(turns.next(), c);
}

TEST(Turns, who_shares_a_subject_goes_in_order) {
  Turns turns(8, 2);
  const auto first = turns.join({"client1"});
  const auto second = turns.join({"client1", "10.8.0.2"});
  const auto third = turns.join({"10.8.0.2"});
  const auto other = turns.join({"client2"});
  EXPECT_EQ(turns.next(), first);
  EXPECT_EQ(turns.next(), other);
  EXPECT_FALSE(turns.next());
  turns.leave(first);
  EXPECT_EQ(turns.next(), second);
  EXPECT_FALSE(turns.next());
  turns.leave(second);
  EXPECT_EQ(turns.next(), third);
}

TEST(Turns, one_that_never_ends_keeps_nobody_else) {
  Turns turns(4, 2);
  static_cast<void>(turns.join({"hangs"}));
  EXPECT_TRUE(turns.next());
  for (int n = 0; n < 1000; ++n) {
    const auto who = turns.join({"client" + std::to_string(n)});
    ASSERT_EQ(turns.next(), who);
    turns.leave(who);
  }
}

TEST(Turns, slow_ones_make_room_up_to_a_limit) {
  Turns turns(1, 2);
  std::vector<std::uint64_t> all;
  for (int n = 0; n < 5; ++n) all.push_back(turns.join({}));
  for (int n = 0; n < 3; ++n) {
    EXPECT_EQ(turns.next(), all[static_cast<std::size_t>(n)]);
    EXPECT_FALSE(turns.next());
    turns.slow(all[static_cast<std::size_t>(n)]);
    turns.slow(all[static_cast<std::size_t>(n)]);  // told twice
  }
  EXPECT_FALSE(turns.next());  // two are slow, and the third keeps its place
  turns.leave(all[0]);
  turns.slow(all[2]);
  EXPECT_EQ(turns.next(), all[3]);
  turns.leave(all[3]);
  EXPECT_EQ(turns.next(), all[4]);
}

TEST(Turns, a_slow_one_still_keeps_those_of_its_subject) {
  Turns turns(1, 2);
  const auto first = turns.join({"a"}), second = turns.join({"a"}), other = turns.join({"b"});
  EXPECT_EQ(turns.next(), first);
  turns.slow(first);
  EXPECT_EQ(turns.next(), other);
  turns.leave(other);
  EXPECT_FALSE(turns.next());
  turns.leave(first);
  EXPECT_EQ(turns.next(), second);
}

TEST(Turns, a_subject_named_twice_counts_once) {
  Turns turns(1, 2);
  const auto who = turns.join({"x", "x"});
  EXPECT_EQ(turns.next(), who);
  turns.leave(who);
  EXPECT_EQ(turns.next(), std::nullopt);
  const auto next = turns.join({"x"});
  EXPECT_EQ(turns.next(), next);
}

}  // namespace
}  // namespace adit::node
