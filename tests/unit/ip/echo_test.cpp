#include "ip/echo.h"

#include <gtest/gtest.h>

#include "ip/checksum.h"
#include "ip/inner_packet.h"

namespace adit::ip {
namespace {

constexpr std::uint64_t mark = 0x0123456789ABCDEFu;

Echo echo_v4() { return {*Address::parse("10.8.0.1"), *Address::parse("10.8.0.2"), mark, 77}; }
Echo echo_v6() { return {*Address::parse("fd00::1"), *Address::parse("fd00::2"), mark, 78}; }

// What a host makes of a request.
Buffer answer_of(Buffer request) {
  if (request[0] >> 4 == 4) {
    request[20] = 0;
  } else {
    request[40] = 129;
  }
  return request;
}

TEST(Echo, requests_are_whole_packets_with_right_sums) {
  for (const std::size_t bytes : {56u, 57u, 300u, 1448u, 1500u}) {
    const Buffer v4 = echo_request(echo_v4(), bytes);
    ASSERT_EQ(v4.size(), bytes);
    EXPECT_EQ(look(v4)->total_length, bytes);
    EXPECT_EQ(look(v4)->destination, *Address::parse("10.8.0.2"));
    EXPECT_EQ(checksum_fold(checksum_add(0, Bytes(v4).first(20))), 0);
    EXPECT_EQ(checksum_fold(checksum_add(0, Bytes(v4).subspan(20))), 0);
    EXPECT_EQ(v4[6], 0x40) << "nobody may cut it";
    const Buffer v6 = echo_request(echo_v6(), bytes);
    EXPECT_EQ(look(v6)->total_length, bytes);
    const std::uint64_t pseudo = checksum_add(bytes - 40 + 58, Bytes(v6).subspan(8, 32));
    EXPECT_EQ(checksum_fold(checksum_add(pseudo, Bytes(v6).subspan(40))), 0);
  }
}

TEST(Echo, answers_are_known_by_their_mark) {
  EXPECT_EQ(answer_to(mark, answer_of(echo_request(echo_v4(), 300))), 77);
  EXPECT_EQ(answer_to(mark, answer_of(echo_request(echo_v6(), 300))), 78);
  EXPECT_FALSE(answer_to(mark + 1, answer_of(echo_request(echo_v4(), 300))));
  EXPECT_FALSE(answer_to(mark ^ std::uint64_t{1} << 63, answer_of(echo_request(echo_v6(), 300))));
}

TEST(Echo, what_is_no_answer_is_nobodys) {
  EXPECT_FALSE(answer_to(mark, echo_request(echo_v4(), 300))) << "a request";
  EXPECT_FALSE(answer_to(mark, echo_request(echo_v6(), 300)));
  Buffer piece = answer_of(echo_request(echo_v4(), 300));
  piece[6] = 0x20;
  EXPECT_FALSE(answer_to(mark, piece)) << "more fragments follow";
  Buffer udp = answer_of(echo_request(echo_v4(), 300));
  udp[9] = 17;
  EXPECT_FALSE(answer_to(mark, udp));
  const Buffer whole = answer_of(echo_request(echo_v4(), 300));
  for (std::size_t size = 20; size < 36; ++size) {
    EXPECT_FALSE(answer_to(mark, Bytes(whole).first(size)));
  }
  Buffer options = whole;
  options[0] = 0x4F;
  EXPECT_FALSE(answer_to(mark, options)) << "the message begins elsewhere";
}

}  // namespace
}  // namespace adit::ip
