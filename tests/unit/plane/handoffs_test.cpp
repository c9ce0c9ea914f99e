// The queues between lanes: one loud peer leaves room for others, one busy producer leaves turns.

#include "plane/handoffs.h"

#include <gtest/gtest.h>

#include "tests/sim/fakes.h"

namespace adit::plane {
namespace {

constexpr PeerIndex loud = 1, quiet = 2, receiver = 3;
constexpr std::size_t far_too_many = 5000;
const Buffer handed(100);

class HandoffQueues : public ::testing::Test {
 protected:
  static constexpr std::size_t lanes = 3;
  HandoffQueues() {
    for (auto& bell : bells_) rung_.push_back(&bell);
  }
  Handoffs::Sender down(std::size_t lane) { return handoffs_.down_sender(lane, rung_); }

  // How many of them were taken.
  static std::size_t flood(Handoffs::Sender& sender, PeerIndex by) {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < far_too_many; ++i) {
      taken += sender.push(0, {receiver, false}, handed, by) ? 1 : 0;
    }
    return taken;
  }

  Handoffs handoffs_{lanes, true, 1500};
  std::array<sim::SilentBell, lanes> bells_;
  std::vector<ports::Doorbell*> rung_;
};

TEST_F(HandoffQueues, keep_room_from_a_loud_one_for_others) {
  Handoffs::Sender sender = down(0);
  EXPECT_GT(flood(sender, loud), 500U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(sender.push(0, {receiver, false}, handed, quiet)) << i;
    EXPECT_FALSE(sender.push(0, {receiver, false}, handed, loud)) << i;
  }
}

TEST_F(HandoffQueues, keep_room_from_several_loud_ones) {
  Handoffs::Sender sender = down(0);
  const auto all_loud = [&] {
    std::size_t taken = 0;
    for (PeerIndex peer = 10; peer < 14; ++peer) {
      for (int i = 0; i < 64; ++i) taken += sender.push(0, {receiver, false}, handed, peer) ? 1 : 0;
    }
    return taken;
  };
  for (int i = 0; i < 50; ++i) all_loud();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(sender.push(0, {receiver, false}, handed, quiet)) << i;
    EXPECT_EQ(all_loud(), 0U) << i;
  }
}

TEST_F(HandoffQueues, forget_who_was_loud) {
  Handoffs::Sender sender = down(0);
  static_cast<void>(flood(sender, loud));
  ASSERT_FALSE(sender.push(0, {receiver, false}, handed, loud));
  Handoffs::Receiver taker = handoffs_.receiver(0);
  for (int round = 0; round < 300; ++round) {  // many others, each with little
    for (PeerIndex peer = 10; peer < 110; ++peer) {
      ASSERT_TRUE(sender.push(0, {receiver, false}, handed, peer));
      ASSERT_TRUE(taker.front());
      taker.pop();
    }
  }
  EXPECT_TRUE(sender.push(0, {receiver, false}, handed, loud));
}

TEST_F(HandoffQueues, stay_bounded_for_all_together) {
  Handoffs::Sender sender = down(0);
  std::size_t taken = flood(sender, loud);
  for (PeerIndex peer = quiet; peer < quiet + 10; ++peer) taken += flood(sender, peer);
  EXPECT_LE(taken, 1024U);
}

TEST_F(HandoffQueues, give_every_producer_its_turn_beside_one_that_never_stops) {
  Handoffs::Sender busy = down(0), other = down(1);
  Handoffs::Receiver taker = handoffs_.receiver(0);
  static_cast<void>(flood(busy, loud));
  ASSERT_TRUE(other.push(0, {quiet, false}, handed, quiet));
  bool came = false;
  for (int i = 0; i < 64 && !came; ++i) {
    const auto message = taker.front();
    ASSERT_TRUE(message);
    came = message->head.to == quiet;
    taker.pop();
    static_cast<void>(busy.push(0, {receiver, false}, handed, loud));
  }
  EXPECT_TRUE(came);
}

TEST_F(HandoffQueues, keep_the_order_of_one_producer) {
  Handoffs::Sender sender = down(2);
  Handoffs::Receiver taker = handoffs_.receiver(0);
  for (std::uint8_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(sender.push(0, {receiver, false}, Buffer(1, i), loud));
  }
  for (std::uint8_t i = 0; i < 100; ++i) {
    const auto message = taker.front();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->bytes[0], i);
    taker.pop();
  }
  EXPECT_FALSE(taker.front());
}

}  // namespace
}  // namespace adit::plane
