#include "system/pace.h"

#include <gtest/gtest.h>

namespace adit::system {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t large = 1450, small = 76;

// Turns, each of so many packets and so long after the one before.
class Turns {
 public:
  // For each packet so many go the other way.
  void go_beside(std::uint64_t packets) { beside_ = packets; }
  // How many of them end in a rest.
  int rests(int turns, std::size_t packets, std::size_t packet_bytes, Duration apart) {
    int count = 0;
    for (int i = 0; i < turns; ++i) {
      now_ += apart;
      so_far_.bytes += packets * packet_bytes;
      so_far_.packets_beside += packets * beside_;
      last_ = pace_.after_turn(packets, so_far_, now_);
      count += last_ > Duration::zero() ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] Duration last() const { return last_; }

 private:
  Pace pace_;
  Instant now_{1h};
  Pace::Traffic so_far_;
  std::uint64_t beside_ = 0;
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

TEST(Pace, rests_less_beside_small_packets) {
  Turns turns;
  EXPECT_EQ(turns.rests(1000, 1, small, 200us), 0) << "5,000 a second: voices";
  turns.rests(200, 1, small, 50us);
  EXPECT_EQ(turns.rests(100, 1, small, 50us), 100);
  EXPECT_EQ(turns.last(), Pace::rest_of_small);
}

TEST(Pace, rests_beside_acknowledgements_of_singles_and_not_of_trains) {
  Turns singles, trains;
  singles.go_beside(2);
  singles.rests(200, 1, small, 20us);
  EXPECT_EQ(singles.rests(100, 1, small, 20us), 100);
  trains.go_beside(44);
  trains.rests(200, 1, small, 20us);
  EXPECT_EQ(trains.rests(100, 1, small, 20us), 0);
}

TEST(Pace, rests_longer_beside_acknowledgements_where_bursts_stay_small) {
  Turns slow, fast;
  slow.go_beside(2);
  slow.rests(200, 1, small, 50us);
  EXPECT_EQ(slow.rests(100, 1, small, 50us), 100);
  EXPECT_EQ(slow.last(), Pace::longer_rest_of_small) << "40,000 a second go out";
  fast.go_beside(2);
  fast.rests(200, 1, small, 20us);
  EXPECT_EQ(fast.rests(100, 1, small, 20us), 100);
  EXPECT_EQ(fast.last(), Pace::rest_of_small) << "100,000 a second go out";
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
