#include "wire/first_bytes.h"

#include <gtest/gtest.h>

namespace adit::wire {
namespace {

Caller judge(std::initializer_list<int> bytes) {
  Buffer first;
  for (const int byte : bytes) first.push_back(static_cast<std::uint8_t>(byte));
  return judge_first_bytes(first);
}

constexpr int reset_v2 = 7 << 3, reset_v3 = 10 << 3;

TEST(FirstBytes, know_a_client_by_the_length_and_head_of_its_first_packet) {
  EXPECT_EQ(judge({0, 14, reset_v2}), Caller::openvpn);
  EXPECT_EQ(judge({0, 255, reset_v2}), Caller::openvpn);
  EXPECT_EQ(judge({1, 80, reset_v3}), Caller::openvpn);
  EXPECT_EQ(judge({4, 254, reset_v3}), Caller::openvpn);
}

TEST(FirstBytes, know_others_as_soon_as_they_can) {
  EXPECT_EQ(judge({'G', 'E'}), Caller::somebody_else);
  EXPECT_EQ(judge({0x16, 3}), Caller::somebody_else);  // TLS
  EXPECT_EQ(judge({0, 13}), Caller::somebody_else);
  EXPECT_EQ(judge({1, 0}), Caller::somebody_else);
  EXPECT_EQ(judge({4, 255, reset_v3}), Caller::somebody_else);
  EXPECT_EQ(judge({0, 14, reset_v3}), Caller::somebody_else);
  EXPECT_EQ(judge({1, 80, reset_v2}), Caller::somebody_else);
  EXPECT_EQ(judge({0, 42, 'x'}), Caller::somebody_else);
  EXPECT_EQ(judge({0, 42, reset_v2 | 1}), Caller::somebody_else);  // a key id other than 0
}

TEST(FirstBytes, ask_for_more_and_never_more_than_the_telling_ones) {
  EXPECT_EQ(judge({}), Caller::unknown_yet);
  EXPECT_EQ(judge({0}), Caller::unknown_yet);
  EXPECT_EQ(judge({0, 14}), Caller::unknown_yet);
  EXPECT_EQ(judge({1, 80}), Caller::unknown_yet);
  for (int high = 0; high < 256; ++high) {
    for (int head = 0; head < 256; ++head) {
      EXPECT_NE(judge({high, 77, head}), Caller::unknown_yet);
    }
  }
}

}  // namespace
}  // namespace adit::wire
