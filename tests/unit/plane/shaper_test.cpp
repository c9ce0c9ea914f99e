#include "plane/shaper.h"

#include <gtest/gtest.h>

#include "tests/unit/plane/planes.h"

namespace adit::plane {
namespace {

constexpr Instant beginning{1h};

TEST(Shaper, without_a_rate_allows_everything) {
  Shaper shaper;
  shaper.spend(1'000'000, beginning);
  EXPECT_EQ(shaper.packets(beginning, 128), 128u);
  EXPECT_LT(shaper.open_at(), beginning);
}

TEST(Shaper, allows_what_the_rate_takes_a_millisecond_for) {
  const std::pair<std::uint64_t, std::size_t> rows[] = {
      {100, 1},       {10'000, 1},      {1'500'000, 1},    {2'999'999, 1},
      {3'000'000, 2}, {50'000'000, 33}, {100'000'000, 66},
  };
  for (const auto& [rate, packets] : rows) {
    Shaper shaper;
    shaper.set_rate(rate);
    EXPECT_EQ(shaper.packets(beginning, 128), packets) << rate;
    EXPECT_EQ(shaper.packets(beginning, 1), 1u) << rate;
  }
}

// Nothing is lost by rounding, whatever the rate does to a nanosecond.
TEST(Shaper, is_exact_over_many_packets) {
  for (const std::uint64_t rate : {100u, 9'999u, 300'007u, 33'333'333u, 100'000'000u}) {
    Shaper shaper;
    shaper.set_rate(rate);
    Instant now = beginning;
    std::uint64_t bytes = 0;
    shaper.spend(0, now);  // the credit of the first moment is used up
    shaper.spend(rate * 4 / 1000, now);
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      now = std::max(now, shaper.open_at());
      ASSERT_GT(shaper.packets(now, 128), 0u);
      shaper.spend(101 + i % 1400, now);
      bytes += 101 + i % 1400;
    }
    const double seconds = std::chrono::duration<double>(shaper.open_at() - beginning).count();
    EXPECT_NEAR(seconds * static_cast<double>(rate), static_cast<double>(bytes),
                static_cast<double>(rate) * 2e-9 + 1)
        << rate;
  }
}

TEST(Shaper, lets_nothing_go_before_the_debt_is_paid) {
  Shaper shaper;
  shaper.set_rate(10'000);
  shaper.spend(1540, beginning);
  EXPECT_EQ(shaper.open_at(), beginning + 154ms - Shaper::most_credit);
  EXPECT_EQ(shaper.packets(shaper.open_at() - 1ns, 128), 0u);
  EXPECT_EQ(shaper.packets(shaper.open_at(), 128), 1u);
}

TEST(Shaper, makes_lateness_good_but_not_a_long_silence) {
  Shaper shaper;
  shaper.set_rate(1'000'000);
  shaper.spend(4000, beginning);  // the first credit
  shaper.spend(1500, beginning);
  EXPECT_EQ(shaper.open_at(), beginning + 1500us);
  shaper.spend(1500, beginning + 3ms);  // half as late again
  EXPECT_EQ(shaper.open_at(), beginning + 3ms);
  EXPECT_GT(shaper.packets(beginning + 3ms, 128), 0u);
  const Instant later = beginning + 1h;
  shaper.spend(5000, later);
  EXPECT_EQ(shaper.open_at(), later + 1ms);
}

TEST(Shaper, forgets_its_debt_with_its_rate) {
  Shaper shaper;
  shaper.set_rate(100);
  shaper.spend(100'000, beginning);
  shaper.set_rate(100);
  EXPECT_EQ(shaper.packets(beginning, 128), 0u);
  shaper.set_rate(200);
  EXPECT_EQ(shaper.packets(beginning, 128), 1u);
  shaper.set_rate(0);
  EXPECT_EQ(shaper.packets(beginning, 128), 128u);
}

// ---- in the lane ----

class ShapedLane : public Planes {
 protected:
  // An inner packet of 40 bytes: 24 more when sealed, and the outer headers.
  static constexpr std::size_t on_link = 40 + 24 + 28;

  ShapedLane() : client_(PlaneSetup()) {
    start(client_, 0);
    client_.plane.limit_rate(10'000);
    client_.turn();
  }
  void queue(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      client_.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
    }
  }
  std::size_t sent() const { return client_.sent.size(); }

  End client_;
};

TEST_F(ShapedLane, leaves_in_the_tun_what_may_not_go_yet) {
  queue(500);
  const Instant begin = client_.now;
  client_.turn();
  EXPECT_EQ(sent(), 1u);
  EXPECT_EQ(client_.tun.to_tunnel.size(), 499u);
  EXPECT_EQ(client_.plane.up().held_until(), begin + on_link * 100us - Shaper::most_credit);
  client_.now = client_.plane.up().held_until() - 1us;
  client_.turn();
  EXPECT_EQ(sent(), 1u);
  while (client_.now < begin + 1s) {
    client_.now = client_.plane.up().held_until();
    client_.turn();
  }
  EXPECT_NEAR(static_cast<double>(sent()), 10'040.0 / on_link, 2.0);  // with the first credit
  EXPECT_EQ(sent() + client_.tun.to_tunnel.size(), 500u);
}

TEST_F(ShapedLane, keeps_nothing_of_the_control_thread_waiting) {
  queue(2);
  client_.turn();
  ASSERT_GT(client_.plane.up().held_until(), client_.now);
  const Instant before = client_.plane.up().held_until();
  ASSERT_TRUE(client_.plane.send_payload(0, Buffer(1000, 7)));
  ASSERT_TRUE(client_.plane.send_datagram(server_at, Buffer(50, 0x38)));
  client_.turn();
  EXPECT_EQ(sent(), 3u);
  EXPECT_EQ(client_.plane.up().held_until(), before) << "nor does it count";
  EXPECT_EQ(client_.tun.to_tunnel.size(), 1u);
}

TEST_F(ShapedLane, takes_another_rate_while_it_runs) {
  queue(300);
  client_.turn();
  EXPECT_EQ(sent(), 1u);
  client_.plane.limit_rate(0);
  client_.turn();
  EXPECT_EQ(sent(), 300u);
  EXPECT_LT(client_.plane.up().held_until(), client_.now);
}

}  // namespace
}  // namespace adit::plane
