#include "system/pace.h"

#include <gtest/gtest.h>

namespace adit::system {
namespace {

using namespace std::chrono_literals;

// How many of so many turns, each of so many packets and so long after the one before, end in a
// rest.
int rests(Pace& pace, Instant& now, int turns, std::size_t packets, Duration apart) {
  int count = 0;
  for (int i = 0; i < turns; ++i) {
    now += apart;
    count += pace.after_turn(packets, now) ? 1 : 0;
  }
  return count;
}

TEST(Pace, rests_where_single_packets_come_fast) {
  Pace pace;
  Instant now{1h};
  rests(pace, now, 200, 1, 20us);  // 50,000 packets a second
  EXPECT_EQ(rests(pace, now, 100, 1, 20us), 100);
}

TEST(Pace, goes_on_resting_while_a_rest_gathers_few) {
  Pace pace;
  Instant now{1h};
  rests(pace, now, 200, 1, 20us);
  EXPECT_EQ(rests(pace, now, 100, 10, 200us), 100);
}

TEST(Pace, never_rests_at_low_rates) {
  Pace pace;
  Instant now{1h};
  EXPECT_EQ(rests(pace, now, 1000, 1, 100us), 0);  // 10,000 packets a second: a quick exchange
  EXPECT_EQ(rests(pace, now, 1000, 1, 10ms), 0);
}

TEST(Pace, never_rests_beside_trains) {
  Pace pace;
  Instant now{1h};
  EXPECT_EQ(rests(pace, now, 1000, 44, 50us), 0);
}

TEST(Pace, ends_resting_when_packets_no_longer_come_fast) {
  Pace pace;
  Instant now{1h};
  rests(pace, now, 200, 1, 20us);
  EXPECT_LE(rests(pace, now, 100, 1, 1ms), 5);
  EXPECT_EQ(rests(pace, now, 100, 1, 1ms), 0);
}

}  // namespace
}  // namespace adit::system
