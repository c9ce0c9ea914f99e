#include "node/replay_warning.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

DropCounters replays(unsigned count) {
  DropCounters drops;
  for (unsigned i = 0; i < count; ++i) drops.add(Drop::replayed);
  return drops;
}

auto lines_with(const sim::MemoryLog& log, std::string_view words) {
  return std::ranges::count_if(
      log.lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

TEST(ReplayWarning, tells_once_what_came_since_the_last_look) {
  sim::MemoryLog kept("test");
  ReplayWarning warning(false);
  warning.look(replays(0), Log(kept));
  EXPECT_EQ(lines_with(kept, "bad packet ID"), 0);
  warning.look(replays(3), Log(kept));
  warning.look(replays(3), Log(kept));
  EXPECT_EQ(lines_with(kept, "bad packet ID (may be a replay): [ 3 packets ]"), 1);
  warning.look(replays(5), Log(kept));
  EXPECT_EQ(lines_with(kept, "[ 2 packets ]"), 1);
}

TEST(ReplayWarning, is_silent_when_muted) {
  sim::MemoryLog kept("test");
  ReplayWarning warning(true);
  warning.look(replays(3), Log(kept));
  EXPECT_EQ(lines_with(kept, "bad packet ID"), 0);
}

}  // namespace
}  // namespace adit::node
