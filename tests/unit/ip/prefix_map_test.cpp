#include "ip/prefix_map.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace adit::ip {
namespace {

// Many insertions and erasures, held against a map that cannot be wrong.
TEST(PrefixMap, inserts_and_erases_as_a_plain_map_does) {
  std::mt19937 random(7);
  PrefixMap<int> map;
  std::map<Prefix, int> plain;
  for (int step = 0; step < 20000; ++step) {
    const auto length = static_cast<std::uint8_t>(random() % 2 == 0 ? 32 : 24);
    const Prefix prefix = Prefix::of(
        Address::v4(0x0A000000u + static_cast<std::uint32_t>(random() % 512 * 64)), length);
    if (random() % 3 == 0) {
      map.erase(prefix);
      plain.erase(prefix);
    } else {
      map.insert(prefix, step);
      plain[prefix] = step;
    }
    const int* found = map.find_exactly(prefix);
    ASSERT_EQ(found != nullptr, plain.contains(prefix)) << step;
    if (step % 500 != 0) continue;
    for (const auto& [known, value] : plain) {
      const int* there = map.find_exactly(known);
      ASSERT_NE(there, nullptr) << known.text();
      ASSERT_EQ(*there, value) << known.text();
    }
  }
}

TEST(PrefixMap, a_copy_stands_alone) {
  PrefixMap<int> map;
  map.insert(*Prefix::parse("10.0.0.0/8"), 1);
  const PrefixMap<int> copy = map;
  map.erase(*Prefix::parse("10.0.0.0/8"));
  EXPECT_EQ(map.find(*Address::parse("10.1.1.1")), nullptr);
  ASSERT_NE(copy.find(*Address::parse("10.1.1.1")), nullptr);
}

}  // namespace
}  // namespace adit::ip
