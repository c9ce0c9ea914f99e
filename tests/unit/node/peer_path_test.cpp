#include "node/peer_path.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace adit::node {
namespace {

using namespace std::chrono_literals;
using session::PathMtu;

constexpr Instant begun{1h};

session::Frame gcm() {
  session::Frame frame;
  frame.cipher = crypto::find_cipher("AES-256-GCM");
  return frame;
}

plane::PeerSpec fitted(const PathMtu& finder) {
  plane::PeerSpec spec;
  spec.mss = 1400;  // as without looking
  fit_path(spec, gcm(), {}, finder);
  return spec;
}

// Lets time pass with a peer that does not answer.
PathMtu after(Duration silence, PathMtu::Found known = {}) {
  PathMtu finder;
  finder.start({gcm(), 1500, true, known}, {}, begun);
  for (Instant now = begun; now <= begun + silence; now += 100ms) finder.tick({}, now);
  return finder;
}

TEST(FitPath, changes_nothing_when_nobody_looks) {
  EXPECT_EQ(fitted(PathMtu()).mss, 1400);
  EXPECT_EQ(fitted(PathMtu()).inner_most, 0u);
}

TEST(FitPath, is_careful_with_tcp_before_anything_is_known) {
  const plane::PeerSpec spec = fitted(after(1s));
  EXPECT_LT(spec.mss, 1100);
  EXPECT_EQ(spec.inner_most, 1500u - 28 - 24);
}

TEST(FitPath, takes_the_usual_sizes_for_a_peer_that_does_not_answer) {
  const PathMtu finder = after(20s);
  ASSERT_EQ(finder.state(), PathMtu::State::silent);
  const plane::PeerSpec spec = fitted(finder);
  EXPECT_EQ(spec.mss, 1400);
  EXPECT_EQ(spec.inner_most, 1500u - 28 - 24);
}

TEST(FitPath, fits_what_is_known) {
  const plane::PeerSpec narrow = fitted(after(1s, {1300, 1400}));
  EXPECT_EQ(narrow.inner_most, 1300u - 28 - 24);
  EXPECT_EQ(narrow.mss, 1300 - 28 - 24 - 40);
  const plane::PeerSpec wide = fitted(after(1s, {1552, 1500}));
  EXPECT_EQ(wide.inner_most, 0u);
  EXPECT_EQ(wide.mss, 1400);
}

TEST(AnswerInside, a_load_is_as_large_as_asked_for_and_no_packet_is_larger) {
  for (const std::uint16_t wanted :
       std::initializer_list<std::uint16_t>{0, 17, 300, 1400, 1501, 65535}) {
    Buffer rest(2);
    store_u16(rest.data(), wanted);
    const auto answer = answer_inside({2, rest}, "V4");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->size(), std::clamp<std::size_t>(wanted, 17, 1500));
    EXPECT_EQ(wire::decode_occ(*answer)->type, 3);
  }
}

TEST(AnswerInside, what_is_no_question_gets_no_answer) {
  EXPECT_FALSE(answer_inside({2, Bytes()}, "V4"));
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{1, 3, 5, 6, 200}) {
    EXPECT_FALSE(answer_inside({type, Bytes()}, "V4"));
  }
  EXPECT_EQ(answer_inside({0, Bytes()}, "V4")->size(), 16u + 1 + 3);
}

}  // namespace
}  // namespace adit::node
