#include "plane/fragments.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "plane/lane.h"
#include "tests/sim/seeded_rng.h"

namespace adit::plane {
namespace {

using namespace std::chrono_literals;
using Verdict = Reassembler::Verdict;
using Type = wire::FragmentHeader::Type;

constexpr std::size_t largest = 2000;

Buffer numbered(std::size_t size, std::uint8_t first) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
  return bytes;
}

Buffer piece(const wire::FragmentHeader& header, Bytes data) {
  Buffer bytes(4);
  store_u32(bytes.data(), wire::encode_fragment_header(header));
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

std::vector<Buffer> cut(const Buffer& whole, std::size_t size, std::uint8_t sequence) {
  std::vector<Buffer> pieces;
  for (std::size_t at = 0; at < whole.size(); at += size) {
    const std::size_t length = std::min(size, whole.size() - at);
    const bool last = at + length == whole.size();
    pieces.push_back(piece({last ? Type::last : Type::part, sequence,
                            static_cast<std::uint8_t>(at / size), static_cast<std::uint32_t>(size)},
                           Bytes(whole).subspan(at, length)));
  }
  return pieces;
}

class Reassembling : public testing::Test {
 protected:
  Verdict take(const Buffer& bytes) {
    PacketPool& pool = pool_;
    pool[0].assign(bytes, front_room);
    const Verdict verdict = reassembler.take(pool[0], front_room, now);
    if (verdict == Verdict::complete) whole = to_buffer(pool[0].bytes());
    return verdict;
  }

  Reassembler reassembler{largest};
  Instant now{1h};
  Buffer whole;

 private:
  PacketPool pool_{largest};
};

TEST(FragmentPlans, cover_every_length_with_pieces_that_fit) {
  for (const std::size_t most : {4u, 7u, 68u, 100u, 472u, 1199u}) {
    for (std::size_t length = 1; length <= 2000; ++length) {
      const auto plan = plan_fragments(length, most);
      if (!plan) {
        EXPECT_GT(length, most / 4 * 4 * 24) << "only what takes too many pieces is refused";
        continue;
      }
      ASSERT_LE(plan->count, 32u);
      if (plan->count == 1) {
        ASSERT_LE(length, most);
        continue;
      }
      ASSERT_EQ(plan->size % 4, 0u);
      ASSERT_LE(plan->size, most);
      ASSERT_LT((plan->count - 1) * plan->size, length);
      ASSERT_GE(plan->count * plan->size, length);
    }
  }
}

TEST(FragmentPlans, make_pieces_of_similar_length) {
  EXPECT_EQ(plan_fragments(600, 472)->size, 300u);
  EXPECT_EQ(plan_fragments(900, 472)->size, 472u);
  EXPECT_FALSE(plan_fragments(10, 3));
}

TEST_F(Reassembling, passes_whole_packets_on) {
  const Buffer inner = numbered(100, 1);
  EXPECT_EQ(take(piece({}, inner)), Verdict::complete);
  EXPECT_EQ(whole, inner);
}

TEST_F(Reassembling, puts_pieces_together_in_any_order) {
  sim::SeededRng rng(1);
  for (int round = 0; round < 200; ++round) {
    const Buffer inner = numbered(500 + rng.below(1500), static_cast<std::uint8_t>(round));
    auto pieces = cut(inner, 4 * (16 + rng.below(100)), static_cast<std::uint8_t>(round));
    if (pieces.size() > 32) continue;
    for (std::size_t i = pieces.size(); i > 1; --i) std::swap(pieces[i - 1], pieces[rng.below(i)]);
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      ASSERT_EQ(take(pieces[i]), Verdict::waiting);
    }
    ASSERT_EQ(take(pieces.back()), Verdict::complete);
    ASSERT_EQ(whole, inner);
  }
}

TEST_F(Reassembling, keeps_the_pieces_of_several_packets_apart) {
  const Buffer first = numbered(800, 1), second = numbered(800, 77);
  const auto a = cut(first, 400, 250), b = cut(second, 400, 4);
  EXPECT_EQ(take(a[0]), Verdict::waiting);
  EXPECT_EQ(take(b[1]), Verdict::waiting);
  EXPECT_EQ(take(a[1]), Verdict::complete);
  EXPECT_EQ(whole, first);
  EXPECT_EQ(take(b[0]), Verdict::complete);
  EXPECT_EQ(whole, second);
}

TEST_F(Reassembling, forgets_what_is_far_behind) {
  const auto old = cut(numbered(800, 1), 400, 10), far = cut(numbered(800, 1), 400, 35);
  EXPECT_EQ(take(old[0]), Verdict::waiting);
  EXPECT_EQ(take(far[0]), Verdict::waiting);
  EXPECT_EQ(take(old[1]), Verdict::waiting) << "its first half is gone";
}

TEST_F(Reassembling, forgets_what_waits_too_long) {
  const auto pieces = cut(numbered(800, 1), 400, 1);
  EXPECT_EQ(take(pieces[0]), Verdict::waiting);
  now += 10s;
  EXPECT_EQ(take(pieces[1]), Verdict::waiting);
  EXPECT_EQ(take(pieces[0]), Verdict::complete);
}

TEST_F(Reassembling, refuses_lies) {
  const Buffer data = numbered(400, 1);
  EXPECT_EQ(take({1, 2, 3}), Verdict::refused) << "no room for a header";
  EXPECT_EQ(take(piece({Type::part, 1, 0, 0}, {})), Verdict::refused) << "an empty piece";
  EXPECT_EQ(take(piece({Type::part, 1, 0, 0}, Bytes(data).first(399))), Verdict::refused);
  EXPECT_EQ(take(piece({Type::last, 1, 1, 0}, data)), Verdict::refused) << "pieces of no size";
  EXPECT_EQ(take(piece({Type::last, 1, 1, 200}, data)), Verdict::refused) << "larger than it says";
  EXPECT_EQ(take(piece({Type::last, 1, 31, 65532}, data)), Verdict::refused) << "far outside";
  EXPECT_EQ(take(piece({Type::part, 1, 31, 0}, data)), Verdict::refused);
  Buffer test_type = piece({Type::part, 1, 0, 0}, data);
  test_type[3] |= 3;
  EXPECT_EQ(take(test_type), Verdict::refused);
}

TEST_F(Reassembling, a_piece_of_another_size_begins_anew) {
  const auto small = cut(numbered(800, 1), 200, 1), large = cut(numbered(800, 9), 400, 1);
  EXPECT_EQ(take(small[0]), Verdict::waiting);
  EXPECT_EQ(take(large[0]), Verdict::waiting);
  EXPECT_EQ(take(large[1]), Verdict::complete);
  EXPECT_EQ(whole, numbered(800, 9));
}

}  // namespace
}  // namespace adit::plane
