#include "session/mtu_search.h"

#include <gtest/gtest.h>

namespace adit::session {
namespace {

struct Walk {
  unsigned found = 0;
  unsigned rounds = 0;
  unsigned packets = 0;
};

// A path that lets through what is at most mtu, and loses what `lost` says of the n-th packet.
template <typename Lost>
Walk walk(unsigned mtu, unsigned ceiling, Lost lost) {
  MtuSearch search;
  search.start(ceiling);
  Walk seen;
  for (; !search.over() && seen.rounds < 50; ++seen.rounds) {
    const std::vector<unsigned> sizes(search.round().begin(), search.round().end());
    EXPECT_LE(sizes.size(), MtuSearch::most_per_round);
    for (const unsigned size : sizes) {
      if (size <= mtu && !lost(++seen.packets)) search.passed(size);
    }
    search.round_over();
  }
  seen.found = search.found();
  return seen;
}

bool never(unsigned) { return false; }

TEST(MtuSearch, a_wide_path_takes_one_round) {
  const Walk seen = walk(1500, 1500, never);
  EXPECT_EQ(seen.found, 1500u);
  EXPECT_EQ(seen.rounds, 1u);
  EXPECT_EQ(walk(9000, 1552, never).found, 1552u);
}

TEST(MtuSearch, finds_every_path_within_a_few_bytes_in_a_few_rounds) {
  for (unsigned mtu = 576; mtu <= 1560; ++mtu) {
    const Walk seen = walk(mtu, 1552, never);
    EXPECT_LE(seen.found, mtu);
    EXPECT_GE(seen.found + 4, std::min(mtu, 1552u)) << "path of " << mtu;
    EXPECT_LE(seen.rounds, mtu < 1180 ? 5u : 3u) << "path of " << mtu;
  }
}

TEST(MtuSearch, a_size_that_was_lost_once_is_not_given_up) {
  for (unsigned which = 1; which <= 13; ++which) {
    const Walk seen = walk(1500, 1500, [&](unsigned n) { return n == which; });
    EXPECT_EQ(seen.found, 1500u) << "packet " << which << " lost";
  }
}

TEST(MtuSearch, ends_when_nothing_passes) {
  const Walk seen = walk(0, 1500, never);
  EXPECT_EQ(seen.found, 0u);
  EXPECT_LE(seen.rounds, 10u);
}

TEST(MtuSearch, an_answer_that_comes_late_still_counts) {
  MtuSearch search;
  search.start(1500);
  search.round_over();
  search.passed(1420);
  EXPECT_EQ(search.found(), 1420u);
  search.passed(60000);  // a liar
  EXPECT_EQ(search.found(), 1500u);
}

TEST(MtuSearch, ends_whatever_is_lost) {
  for (unsigned seed = 1; seed < 2000; ++seed) {
    unsigned state = seed * 2654435761u;
    const Walk seen = walk(1400, 1552, [&](unsigned) {
      state = state * 1664525u + 1013904223u;
      return (state >> 24) < 128;
    });
    EXPECT_LT(seen.rounds, 50u) << "seed " << seed;
    EXPECT_LE(seen.found, 1400u);
  }
}

}  // namespace
}  // namespace adit::session
