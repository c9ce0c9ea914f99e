#include "node/lane_count.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

TEST(LaneCount, is_a_pair_for_every_two_cores) {
  EXPECT_EQ(usual_lanes(1, {}), 1u);
  EXPECT_EQ(usual_lanes(2, {}), 1u);
  EXPECT_EQ(usual_lanes(16, {}), 8u);
}

TEST(LaneCount, leaves_room_for_scripts_where_tasks_are_limited) {
  EXPECT_EQ(usual_lanes(64, 10), 2u);
  EXPECT_EQ(usual_lanes(64, 3), 1u);
  EXPECT_EQ(usual_lanes(4, 4096), 2u);
}

}  // namespace
}  // namespace adit::node
