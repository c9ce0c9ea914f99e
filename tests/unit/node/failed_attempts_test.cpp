#include "node/failed_attempts.h"

#include <gtest/gtest.h>

#include "node/client.h"
#include "node/environment.h"

namespace adit::node {
namespace {

TEST(FailedAttempts, are_counted_from_the_second_on) {
  FailedAttempts attempts;
  const WallTime begin{1795342000};
  EXPECT_FALSE(attempts.note("tls-error", false, begin));
  const std::string since = local_time_text(begin);
  EXPECT_EQ(attempts.note("tls-error", false, {begin.seconds + 60}),
            "no connection in 2 attempts since " + since + " (the last: tls-error)");
  EXPECT_EQ(attempts.note("init_instance", false, {begin.seconds + 70}),
            "no connection in 3 attempts since " + since + " (the last: init_instance)");
}

TEST(FailedAttempts, begin_anew_once_the_tunnel_was_up) {
  FailedAttempts attempts;
  EXPECT_FALSE(attempts.note("tls-error", false, {10}));
  EXPECT_FALSE(attempts.note("ping-restart", true, {20}));
  EXPECT_FALSE(attempts.note("tls-error", false, {30}));
  EXPECT_EQ(
      attempts.note("tls-error", false, {40}),
      "no connection in 2 attempts since " + local_time_text({30}) + " (the last: tls-error)");
}

TEST(FailedAttempts, advice_is_given_once) {
  ClientMemory memory;
  EXPECT_TRUE(memory.is_new("No reply"));
  EXPECT_FALSE(memory.is_new("No reply"));
  EXPECT_TRUE(memory.is_new("another"));
  for (int i = 0; i < 1000; ++i) static_cast<void>(memory.is_new(std::to_string(i)));
  EXPECT_LE(memory.advice.size(), 64u);
}

}  // namespace
}  // namespace adit::node
