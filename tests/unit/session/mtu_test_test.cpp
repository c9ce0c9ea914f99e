#include "session/mtu_test.h"

#include <gtest/gtest.h>

#include "crypto/cipher.h"

namespace adit::session {
namespace {

using std::chrono::seconds;
using wire::OccType;

constexpr Instant start{seconds(1000)};

Frame frame() {
  Frame frame;
  frame.cipher = crypto::find_cipher("AES-256-GCM");
  return frame;
}

unsigned udp_size(std::size_t payload) {
  return outer_size(frame(), static_cast<unsigned>(payload)) - 28;
}

// The other end, as stock: it answers what gets through. most: the largest UDP payload that does.
struct Trial {
  Trial(unsigned up, unsigned down, bool talks = true)
      : most_up(up), most_down(down), answers(talks) {
    test.start(frame(), 1500, start);
    while (test.running() && now < start + seconds(1000)) {
      now = test.deadline().at;
      if (auto payload = test.tick(now)) take(*payload);
    }
    result = test.take_result();
  }
  void take(const Buffer& payload) {
    if (udp_size(payload.size()) > most_up || !answers) return;
    const auto message = wire::decode_occ(payload);
    if (message->type == static_cast<std::uint8_t>(OccType::mtu_load)) {
      peer.heard(*message, payload.size(), frame());
    } else if (message->type == static_cast<std::uint8_t>(OccType::mtu_load_request)) {
      const std::size_t wanted = load_u16(message->rest.data());
      const Buffer load = wire::encode_occ(OccType::mtu_load, Buffer(wanted - 17));
      peer.answered(load.size(), frame());
      if (udp_size(load.size()) <= most_down)
        test.heard(*wire::decode_occ(load), load.size(), frame());
    } else {
      const Buffer reply = peer.sizes_message();
      test.heard(*wire::decode_occ(reply), reply.size(), frame());
    }
  }
  unsigned most_up, most_down;
  bool answers;
  Instant now = start;
  MtuTest test, peer;
  std::optional<MtuTest::Result> result;
};

TEST(MtuTest, a_wide_path_takes_all_that_was_tried) {
  const Trial trial(9000, 9000);
  ASSERT_TRUE(trial.result);
  const std::string full = std::to_string(udp_size(1500));
  EXPECT_EQ(mtu_test_line(*trial.result),
            "NOTE: Empirical MTU test completed [Tried,Actual] local->remote=[" + full + "," +
                full + "] remote->local=[" + full + "," + full + "]");
  EXPECT_EQ(mtu_test_advice(*trial.result), "");
  EXPECT_GE(trial.now - start, std::chrono::minutes(3));
  EXPECT_LE(trial.now - start, std::chrono::minutes(4));
}

TEST(MtuTest, each_way_is_measured_for_itself) {
  const Trial trial(1300, 1420);
  ASSERT_TRUE(trial.result);
  EXPECT_EQ(trial.result->ours.sent, udp_size(1500));
  EXPECT_LE(trial.result->peers.received, 1300u);
  EXPECT_GT(trial.result->peers.received, 1150u);
  EXPECT_LE(trial.result->ours.received, 1420u);
  EXPECT_GT(trial.result->ours.received, trial.result->peers.received);
  EXPECT_NE(mtu_test_advice(*trial.result).find("unable to accommodate"), std::string::npos);
}

TEST(MtuTest, a_peer_that_does_not_know_it_ends_the_test) {
  const Trial trial(9000, 9000, false);
  ASSERT_TRUE(trial.result);
  EXPECT_TRUE(mtu_test_line(*trial.result).starts_with("NOTE: failed to empirically measure MTU"));
  EXPECT_FALSE(trial.test.running());
}

TEST(MtuTest, an_answer_nobody_asked_for_says_nothing) {
  MtuTest test;
  const Buffer reply = MtuTest().sizes_message();
  test.heard(*wire::decode_occ(reply), reply.size(), frame());
  EXPECT_FALSE(test.take_result());
  test.start(frame(), 1500, start);
  test.heard(*wire::decode_occ(reply), reply.size(), frame());
  EXPECT_TRUE(test.running());
}

}  // namespace
}  // namespace adit::session
