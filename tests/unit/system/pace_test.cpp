#include "system/pace.h"

#include <gtest/gtest.h>

namespace adit::system {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t large = 1450, small = 76;

// Turns, each of so many packets and so long after the one before.
class Turns {
 public:
  // How many of them end in a rest.
  int rests(int turns, std::size_t packets, std::size_t packet_bytes, Duration apart) {
    int count = 0;
    for (int i = 0; i < turns; ++i) {
      now_ += apart;
      bytes_ += packets * packet_bytes;
      last_ = pace_.after_turn(packets, bytes_, now_);
      count += last_ > Duration::zero() ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] Duration last() const { return last_; }

 private:
  Pace pace_;
  Instant now_{1h};
  std::uint64_t bytes_ = 0;
  Duration last_{};
};

// 50,000 single packets a second have gone by.
Turns resting() {
  Turns turns;
  turns.rests(200, 1, large, 20us);
  return turns;
}

TEST(Pace, rests_where_single_packets_come_fast) {
  Turns turns = resting();
  EXPECT_EQ(turns.rests(100, 1, large, 20us), 100);
  EXPECT_EQ(turns.last(), Pace::rest_of_large);
}

TEST(Pace, rests_beside_small_packets_where_there_are_many) {
  Turns turns;
  EXPECT_EQ(turns.rests(1000, 1, small, 20us), 0) << "50,000 a second: acknowledgements";
  turns.rests(1000, 1, small, 5us);
  EXPECT_EQ(turns.rests(100, 1, small, 5us), 100);
  EXPECT_EQ(turns.last(), Pace::rest_of_small);
}

TEST(Pace, goes_on_resting_while_a_rest_gathers_what_comes) {
  Turns turns = resting();
  EXPECT_EQ(turns.rests(100, 30, large, 300us), 100);
}

TEST(Pace, does_not_rest_after_a_full_turn) {
  Turns turns = resting();
  EXPECT_EQ(turns.rests(10, 128, large, 300us), 0);
}

TEST(Pace, never_rests_at_low_rates) {
  Turns turns;
  EXPECT_EQ(turns.rests(1000, 1, large, 100us), 0);  // 10,000 packets a second: a quick exchange
  EXPECT_EQ(turns.rests(1000, 1, large, 10ms), 0);
}

TEST(Pace, never_rests_beside_trains) {
  Turns turns;
  EXPECT_EQ(turns.rests(1000, 44, large, 50us), 0);
}

TEST(Pace, finds_out_when_singles_become_trains) {
  Turns turns = resting();
  EXPECT_GT(turns.rests(10, 44, large, 300us), 0) << "which may be the rest's own work";
  turns.rests(400, 44, large, 300us);
  EXPECT_EQ(turns.rests(400, 44, large, 300us), 0);
}

TEST(Pace, ends_resting_when_packets_no_longer_come_fast) {
  Turns turns = resting();
  EXPECT_LE(turns.rests(100, 1, large, 1ms), 5);
  EXPECT_EQ(turns.rests(100, 1, large, 1ms), 0);
}

}  // namespace
}  // namespace adit::system
