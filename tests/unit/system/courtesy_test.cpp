#include "system/courtesy.h"

#include <gtest/gtest.h>

namespace adit::system {
namespace {

using namespace std::chrono_literals;

// A thread that wakes 10,000 times a second, or as often as waiting lets it.
class Thread {
 public:
  // How long it was courteous, if it waits so long each time.
  Duration courteous(Duration length, Duration waits) {
    Duration courteous{};
    for (const Instant end = now_ + length; now_ < end;) {
      const Duration step = std::max<Duration>(100us, waits);
      now_ += step;
      total_.waited += is_courteous_ ? waits : 30us;
      ++total_.times;
      if (is_courteous_) courteous += step;
      if (courtesy_.due(now_)) is_courteous_ = courtesy_.look(total_, now_);
    }
    return courteous;
  }
  void sleeps(Duration length) { now_ += length; }

 private:
  Courtesy courtesy_;
  Instant now_{1h};
  RunDelay total_{10s, 100};  // of before it looked for the first time
  bool is_courteous_ = false;
};

constexpr Duration behind_lanes = 60us, behind_a_hog = 1200us;

TEST(Courtesy, lasts_while_only_short_waits_follow_from_it) {
  Thread thread;
  EXPECT_GT(thread.courteous(10s, behind_lanes), 9900ms);
}

TEST(Courtesy, ends_beside_a_program_that_does_not_sleep) {
  Thread thread;
  thread.courteous(10s, behind_lanes);
  EXPECT_LE(thread.courteous(1s, behind_a_hog), 120ms);
}

TEST(Courtesy, is_tried_again_ever_more_seldom) {
  Thread thread;
  EXPECT_LE(thread.courteous(60s, behind_a_hog), 600ms);
  EXPECT_LE(thread.courteous(600s, behind_a_hog), 1200ms);
}

TEST(Courtesy, returns_when_the_program_is_gone) {
  Thread thread;
  thread.courteous(600s, behind_a_hog);
  EXPECT_GT(thread.courteous(Courtesy::longest_pause + 10s, behind_lanes), 9900ms);
}

TEST(Courtesy, forgives_after_a_long_time_without_trouble) {
  Thread thread;
  thread.courteous(600s, behind_a_hog);
  thread.courteous(300s, behind_lanes);
  thread.courteous(100ms, behind_a_hog);
  EXPECT_GT(thread.courteous(10s, behind_lanes), 8800ms);
}

TEST(Courtesy, minds_few_long_waits_no_more_than_many_short_ones) {
  Thread thread;
  thread.courteous(1s, behind_lanes);
  thread.courteous(1ms, 1ms);  // once, behind somebody's short work
  EXPECT_GT(thread.courteous(1s, behind_lanes), 990ms);
}

TEST(Courtesy, of_a_thread_that_sleeps_costs_it_a_few_waits_at_most) {
  Thread thread;
  thread.courteous(100ms, behind_lanes);
  Duration waited{};
  for (int second = 0; second < 30; ++second) {
    thread.sleeps(1s);
    waited += thread.courteous(1us, behind_a_hog);
  }
  EXPECT_LE(waited, 20 * behind_a_hog);
}

}  // namespace
}  // namespace adit::system
