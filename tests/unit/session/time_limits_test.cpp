#include "session/time_limits.h"

#include <gtest/gtest.h>

namespace adit::session {
namespace {

using namespace std::chrono_literals;
using Verdict = TimeLimits::Verdict;

constexpr Instant begun{1h};

TEST(TimeLimits, nothing_is_limited_unless_asked_for) {
  TimeLimits limits;
  limits.start({}, begun);
  EXPECT_EQ(limits.deadline().at, Instant::max());
  EXPECT_EQ(limits.check(begun + 1000h, 0), Verdict::nothing);
}

TEST(TimeLimits, zero_is_no_limit) {
  TimeLimits limits;
  limits.start({10s, 0, 60s}, begun);
  limits.start({0s, 0, 0s}, begun);
  EXPECT_EQ(limits.deadline().at, Instant::max());
  EXPECT_EQ(limits.check(begun + 1000h, 0), Verdict::nothing);
}

TEST(TimeLimits, idle_is_who_moved_too_little_since_the_last_look) {
  TimeLimits limits;
  limits.start({10s, 100, {}}, begun);
  EXPECT_EQ(limits.check(begun + 9s, 0), Verdict::nothing);
  EXPECT_EQ(limits.check(begun + 10s, 100), Verdict::nothing);
  EXPECT_EQ(limits.deadline().at, begun + 20s);
  EXPECT_EQ(limits.check(begun + 20s, 199), Verdict::idle);
}

TEST(TimeLimits, one_byte_is_enough_when_no_number_is_given) {
  TimeLimits limits;
  limits.start({10s, 0, {}}, begun);
  EXPECT_EQ(limits.check(begun + 10s, 1), Verdict::nothing);
  EXPECT_EQ(limits.check(begun + 20s, 1), Verdict::idle);
}

TEST(TimeLimits, the_whole_time_goes_on_when_started_again) {
  TimeLimits limits;
  limits.start({10s, 0, 60s}, begun);
  limits.start({10s, 0, 60s}, begun + 55s);
  EXPECT_EQ(limits.deadline().at, begun + 60s);
  EXPECT_EQ(limits.check(begun + 60s, 1000), Verdict::over);
}

}  // namespace
}  // namespace adit::session
