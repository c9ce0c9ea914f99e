#include "node/expiry_watch.h"

#include <gtest/gtest.h>

#include "node/host_watch.h"

namespace adit::node {
namespace {

constexpr std::int64_t day = 86'400;
const WallTime end{1'800'000'000};

Expiry date(const std::string& what, WallTime until) {
  return {Expiry::Kind::certificate, what, until, "renew it"};
}

std::vector<std::string> due(ExpiryWatch& watch, std::int64_t days_before) {
  return watch.due({end.seconds - days_before * day});
}

TEST(ExpiryWatch, says_each_step_once) {
  ExpiryWatch watch;
  watch.set({date("cert", end)});
  EXPECT_TRUE(due(watch, 90).empty());
  EXPECT_TRUE(due(watch, 61).empty());
  ASSERT_EQ(due(watch, 60).size(), 1u);
  EXPECT_TRUE(due(watch, 45).empty());
  ASSERT_EQ(due(watch, 30).size(), 1u);
  EXPECT_TRUE(due(watch, 8).empty());
  ASSERT_EQ(due(watch, 7).size(), 1u);
  const auto over = due(watch, 0);
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(over[0], "cert, has run out on 2027-01-15 08:00 UTC: renew it");
  EXPECT_TRUE(due(watch, -100).empty());
}

TEST(ExpiryWatch, a_start_close_to_the_end_gives_one_line) {
  ExpiryWatch watch;
  watch.set({date("cert", end)});
  const auto lines = due(watch, 5);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "cert, runs out in 5 days, on 2027-01-15 08:00 UTC: renew it");
}

TEST(ExpiryWatch, a_renewed_date_begins_anew_and_the_others_are_not_repeated) {
  ExpiryWatch watch;
  watch.set({date("ca", end), date("cert", end)});
  EXPECT_EQ(due(watch, 20).size(), 2u);
  watch.set({date("ca", end), date("cert", {end.seconds + 800 * day})});
  EXPECT_TRUE(due(watch, 20).empty());
  EXPECT_EQ(due(watch, 5).size(), 1u);
}

TEST(HostWatch, tells_of_each_change_once) {
  HostWatch watch("net.ipv4.ip_forward", "nothing gets through", true);
  EXPECT_FALSE(watch.look(true));
  const auto off = watch.look(false);
  ASSERT_TRUE(off && off->bad);
  EXPECT_EQ(off->text, "net.ipv4.ip_forward was turned off: nothing gets through");
  EXPECT_FALSE(watch.look(false));
  const auto on = watch.look(true);
  ASSERT_TRUE(on && !on->bad);
}

}  // namespace
}  // namespace adit::node
