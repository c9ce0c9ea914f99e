#include "crypto/replay_window.h"

#include <random>

#include <gtest/gtest.h>

namespace adit::crypto {
namespace {

Drop take(ReplayWindow& window, std::uint64_t id, Instant now = {}) {
  const Drop verdict = window.check(id, 0, now);
  if (verdict == Drop::none) window.add(id, 0, now);
  return verdict;
}

TEST(ReplayWindow, tells_late_from_repeated) {
  struct Row {
    std::uint64_t id;
    Drop verdict;
  };
  ReplayWindow window({64, 0}, 1024);
  for (const Row& row : {Row{0, Drop::replayed},
                         {10, Drop::none},
                         {10, Drop::replayed},
                         {200, Drop::none},
                         {10, Drop::replayed},  // behind the window, and known
                         {11, Drop::late},
                         {136, Drop::late},
                         {137, Drop::none},
                         {137, Drop::replayed},
                         {1034, Drop::none},
                         {10, Drop::late},  // 1024 behind: forgotten, refused all the same
                         {200, Drop::replayed},
                         {5000, Drop::none},
                         {1034, Drop::late},
                         {4999, Drop::none}}) {
    EXPECT_EQ(take(window, row.id), row.verdict) << row.id;
  }
}

TEST(ReplayWindow, is_exact_at_its_edge_for_every_size) {
  for (const std::uint32_t size : {1U, 2U, 63U, 64U, 65U, 100U, 1024U, 16384U, 65536U}) {
    for (const std::uint64_t newest : {100'000U, 100'031U, 131'071U, 131'072U}) {
      ReplayWindow window({size, 0});
      take(window, 1);
      take(window, newest);
      EXPECT_EQ(take(window, newest - size), Drop::late) << size;
      if (size > 1) {
        EXPECT_EQ(take(window, newest - size + 1), Drop::none) << size;
        EXPECT_EQ(take(window, newest - size + 1), Drop::replayed) << size;
      }
    }
  }
}

TEST(ReplayWindow, accepts_nothing_twice_on_any_walk) {
  std::mt19937_64 chance(11);
  for (const std::uint32_t size : {1U, 8U, 64U, 200U, 1024U}) {
    ReplayWindow window({size, 0});
    std::vector<bool> seen(400'000, false);
    std::uint64_t newest = 0;
    for (int step = 0; step < 50'000; ++step) {
      const std::uint64_t reach = step % 100 == 0 ? 3 * size : size / 4 + 1;
      const std::uint64_t lowest = newest > reach ? newest - reach : 0;
      const std::uint64_t id =
          std::min<std::uint64_t>(lowest + chance() % (reach + 4) + 1, 399'999);
      const bool expected = id > newest || (newest - id < size && !seen[id]);
      ASSERT_EQ(take(window, id) == Drop::none, expected) << size << ": " << id << " at " << newest;
      if (expected) seen[id] = true;
      newest = std::max(newest, id);
    }
  }
}

TEST(ReplayWindow, without_a_limit_of_time_waits_for_ever) {
  ReplayWindow window(generous_limits);
  take(window, 1, Instant(std::chrono::seconds(100)));
  take(window, 3, Instant(std::chrono::seconds(100)));
  EXPECT_EQ(take(window, 2, Instant(std::chrono::hours(5))), Drop::none);
}

TEST(ReplayWindow, carried_over_knows_what_it_knew) {
  ReplayWindow window(generous_limits);
  for (const std::uint64_t id : {1U, 2U, 5U, 9000U, 8999U}) take(window, id);
  ReplayWindow carried(generous_limits);
  carried.restore(window.state(), Instant());
  for (const std::uint64_t id : {1U, 2U, 5U, 9000U, 8999U}) {
    EXPECT_EQ(take(carried, id), Drop::replayed) << id;
  }
  EXPECT_EQ(take(carried, 4), Drop::none);
  EXPECT_EQ(take(carried, 9001), Drop::none);
}

}  // namespace
}  // namespace adit::crypto
