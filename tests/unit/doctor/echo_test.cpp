#include "doctor/echo.h"

#include <gtest/gtest.h>

#include "tests/sim/seeded_rng.h"
#include "tests/unit/doctor/fake_inside.h"

namespace adit::doctor {
namespace {

using namespace std::chrono_literals;

const ip::Address own = *ip::Address::parse("10.8.0.2");
const ip::Address first = *ip::Address::parse("192.168.1.1");
const ip::Address second = *ip::Address::parse("192.168.1.10");

class Echo : public testing::Test {
 protected:
  FakeInside inside;
  sim::SeededRng rng{1};
};

TEST_F(Echo, the_host_that_answers_is_named_with_its_time) {
  inside.answers = [](const ip::Address& host, std::size_t) { return host == second; };
  const Asked asked = ask_hosts(inside, rng, own, {first, second}, 1s);
  ASSERT_TRUE(asked.answer);
  EXPECT_EQ(asked.answer->from, second);
  EXPECT_EQ(asked.answer->round_trip, 2ms);
}

TEST_F(Echo, silence_is_no_answer_and_takes_no_longer_than_the_patience) {
  inside.answers = [](const ip::Address&, std::size_t) { return false; };
  const Instant begin = inside.now();
  EXPECT_FALSE(ask_hosts(inside, rng, own, {first}, 1s).answer);
  EXPECT_EQ(inside.now() - begin, 1s);
  EXPECT_GE(inside.asked, 3u);  // a lost packet is no verdict
  EXPECT_FALSE(ask_hosts(inside, rng, own, {}, 1s).answer);
}

TEST_F(Echo, a_firewall_that_objects_is_heard) {
  inside.answers = [](const ip::Address&, std::size_t) { return false; };
  Buffer refusal(36, 0);
  const std::uint8_t head[] = {0x45, 0,  0, 36, 0, 0,  0, 0, 64, 1, 0,
                               0,    10, 8, 0,  1, 10, 8, 0, 2,  3, 13};
  std::copy(std::begin(head), std::end(head), refusal.begin());
  inside.other.push_back(refusal);
  EXPECT_EQ(ask_hosts(inside, rng, own, {first}, 500ms).complaint,
            "10.8.0.1 says: administratively prohibited (a firewall)");
}

TEST_F(Echo, the_largest_packet_is_found_to_the_byte) {
  for (const std::size_t most : {600u, 1280u, 1443u, 1499u}) {
    inside.answers = [&](const ip::Address&, std::size_t bytes) { return bytes <= most; };
    EXPECT_EQ(largest_packet(inside, rng, own, first, 1500), most);
  }
}

TEST_F(Echo, when_all_sizes_pass_one_packet_shows_it) {
  EXPECT_EQ(largest_packet(inside, rng, own, first, 1500), 1500u);
  EXPECT_EQ(inside.asked, 1u);
}

TEST_F(Echo, a_way_that_takes_no_usual_packet_has_no_size) {
  inside.answers = [](const ip::Address&, std::size_t bytes) { return bytes < 576; };
  EXPECT_FALSE(largest_packet(inside, rng, own, first, 1500));
}

TEST_F(Echo, throughput_is_what_came_back) {
  const Throughput done = throughput(inside, rng, own, first, 1400, 1s);
  // 48 packets under way, 2 ms each.
  EXPECT_NEAR(done.bytes_per_second, 48 * 1400 / 0.002, 48 * 1400 / 0.002 * 0.05);
  EXPECT_LE(done.sent - done.answered, 48u);
}

TEST_F(Echo, throughput_goes_on_after_a_loss) {
  std::size_t number = 0;
  inside.answers = [&](const ip::Address&, std::size_t) { return ++number % 10 != 0; };
  const Throughput done = throughput(inside, rng, own, first, 1400, 2s);
  EXPECT_GT(done.answered, 100u);
  EXPECT_GT(done.sent, done.answered);
}

}  // namespace
}  // namespace adit::doctor
