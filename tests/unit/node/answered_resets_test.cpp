#include "node/answered_resets.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

using namespace std::chrono_literals;

ip::Endpoint client(std::uint16_t port) { return {*ip::Address::parse("198.51.100.2"), port, 0}; }

class AnsweredAgain : public testing::Test {
 protected:
  AnsweredResets answered;
  Instant now = Instant() + 100s;
};

TEST_F(AnsweredAgain, a_packet_that_comes_again_is_told_once) {
  EXPECT_FALSE(answered.came_again(client(1), now));
  EXPECT_TRUE(answered.came_again(client(1), now + 2s));
  EXPECT_FALSE(answered.came_again(client(1), now + 6s));
  EXPECT_FALSE(answered.came_again(client(2), now + 6s));
}

TEST_F(AnsweredAgain, two_that_came_together_are_one) {
  EXPECT_FALSE(answered.came_again(client(1), now));
  EXPECT_FALSE(answered.came_again(client(1), now + 10ms));
}

TEST_F(AnsweredAgain, a_new_attempt_after_a_minute_is_a_new_one) {
  EXPECT_FALSE(answered.came_again(client(1), now));
  EXPECT_FALSE(answered.came_again(client(1), now + 61s));
}

TEST_F(AnsweredAgain, a_flood_of_forged_senders_is_not_loud) {
  unsigned told = 0;
  for (unsigned round = 0; round < 4; ++round) {
    for (std::uint16_t port = 1; port <= 12; ++port) {
      told += answered.came_again(client(port), now + round * 2s) ? 1 : 0;
    }
  }
  EXPECT_EQ(told, 10u);
}

}  // namespace
}  // namespace adit::node
