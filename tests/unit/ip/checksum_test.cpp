#include "ip/checksum.h"

#include <gtest/gtest.h>

#include "tests/unit/ip/packets.h"

namespace adit::ip {
namespace {

std::uint16_t folded(std::uint64_t sum) {
  return static_cast<std::uint16_t>(~checksum_fold(sum) & 0xFFFF);
}

TEST(Checksum, is_that_of_the_standard_for_every_length_and_place) {
  std::mt19937 chance(1);
  const Buffer bytes = made::noise(2100, chance);
  for (std::size_t from = 0; from < 33; ++from) {
    for (std::size_t size = 0; size < 600; ++size) {
      const Bytes part = Bytes(bytes).subspan(from, size);
      ASSERT_EQ(folded(checksum_add(0, part)), made::sum16(part)) << from << " " << size;
    }
  }
  for (std::size_t size = 600; size <= 2048; ++size) {
    const Bytes part = Bytes(bytes).subspan(7, size);
    ASSERT_EQ(folded(checksum_add(0, part)), made::sum16(part)) << size;
  }
}

TEST(Checksum, carries_all_the_way_round) {
  for (const std::size_t size : {1u, 2u, 7u, 8u, 64u, 127u, 128u, 191u, 65535u}) {
    const Buffer ones(size, 0xFF);
    EXPECT_EQ(folded(checksum_add(0, ones)), made::sum16(ones)) << size;
    const Buffer zeros(size, 0);
    EXPECT_EQ(folded(checksum_add(0, zeros)), 0) << size;
  }
}

// Short pieces are summed word by word, long ones by vectors where the processor has them.
TEST(Checksum, is_the_same_piece_by_piece) {
  std::mt19937 chance(2);
  const Buffer bytes = made::noise(65535, chance);
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 62) {
    sum = checksum_add(sum, Bytes(bytes).subspan(at, std::min<std::size_t>(62, bytes.size() - at)));
  }
  EXPECT_EQ(folded(sum), folded(checksum_add(0, bytes)));
}

TEST(Checksum, copies_exactly_what_it_sums) {
  std::mt19937 chance(3);
  const Buffer bytes = made::noise(1600, chance);
  for (std::size_t size = 0; size < 1500; ++size) {
    const Bytes part = Bytes(bytes).subspan(size % 32, size);
    Buffer copy(size + 64, 0xAA);
    const std::uint64_t sum = checksum_copy(17, part, &copy[32]);
    ASSERT_EQ(folded(sum), folded(checksum_add(17, part))) << size;
    ASSERT_TRUE(std::equal(part.begin(), part.end(), copy.begin() + 32)) << size;
    for (std::size_t i = 0; i < 32; ++i) ASSERT_EQ(copy[i] & copy[32 + size + i], 0xAA) << size;
  }
}

TEST(Checksum, takes_away_what_was_added) {
  std::mt19937 chance(4);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t a = chance(), b = chance();
    // In ones' complement there are two zeros.
    EXPECT_EQ(folded(checksum_subtract(a + b, b)) % 0xFFFF, folded(a) % 0xFFFF);
  }
}

}  // namespace
}  // namespace adit::ip
