#include <gtest/gtest.h>

#include "setup/kernel_routes.h"
#include "setup/qr_code.h"

namespace adit::setup {
namespace {

TEST(KernelRoutes, AreReadFromTheKernelsTables) {
  const auto v4 = parse_routes_v4(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t017100CB\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t007100CB\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "*\t0000000A\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0\n");
  ASSERT_EQ(2u, v4.size());
  EXPECT_EQ("0.0.0.0/0", v4[0].to.text());
  EXPECT_EQ("203.0.113.0/24", v4[1].to.text());
  EXPECT_EQ("eth0", v4[1].device);
  const auto v6 = parse_routes_v6(
      "fd010000000000000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
      "fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0\n"
      "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
      "00000000000000000000000000000001 80 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000000 00000001 00000000 80200001       lo\n");
  ASSERT_EQ(2u, v6.size());
  EXPECT_EQ("fd01::/64", v6[0].to.text());
  EXPECT_FALSE(v6[0].by_advertisement);
  EXPECT_EQ("::/0", v6[1].to.text());
  EXPECT_TRUE(v6[1].by_advertisement);
}

TEST(KernelRoutes, NonsenseIsPassedOver) {
  EXPECT_TRUE(parse_routes_v4("").empty());
  EXPECT_TRUE(parse_routes_v4("eth0\tzz\t0\t1\t0\t0\t0\t0\t0\n").empty());
  EXPECT_TRUE(parse_routes_v6("nonsense\n").empty());
}

TEST(QrCode, ShowsTwoRowsOfDotsInALine) {
  const auto code = make_qr_code("adit");
  ASSERT_TRUE(code);
  EXPECT_EQ(25u, code->columns);  // 21 dots of the smallest code, and the border
  EXPECT_EQ(13u, code->rows);
  // The corner mark: a dark bar of seven dots with a frame below.
  EXPECT_NE(std::string::npos, code->text.find("\u2588\u2580\u2580\u2580\u2580\u2580\u2588"));
}

TEST(QrCode, HoldsNoMoreThanItCan) {
  EXPECT_TRUE(make_qr_code(std::string(2953, 'x')));
  EXPECT_FALSE(make_qr_code(std::string(2954, 'x')));
}

}  // namespace
}  // namespace adit::setup
