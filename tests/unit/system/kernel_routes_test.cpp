#include "system/kernel_routes.h"

#include <gtest/gtest.h>

namespace adit::system {
namespace {

TEST(KernelRoutes, AreReadFromTheKernelsTables) {
  const auto v4 = parse_routes(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t017100CB\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
      "eth0\t007100CB\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "*\t0000000A\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0\n",
      "");
  ASSERT_EQ(2u, v4.size());
  EXPECT_EQ("0.0.0.0/0", v4[0].to.text());
  EXPECT_EQ("203.0.113.0/24", v4[1].to.text());
  EXPECT_EQ("eth0", v4[1].device);
  EXPECT_EQ(100u, v4[0].metric);
  const auto v6 = parse_routes(
      "",
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
  EXPECT_EQ(0x400u, v6[1].metric);
}

TEST(KernelRoutes, NonsenseIsPassedOver) {
  EXPECT_TRUE(parse_routes("", "").empty());
  EXPECT_TRUE(parse_routes("eth0\tzz\t0\t1\t0\t0\t0\t0\t0\n", "").empty());
  EXPECT_TRUE(parse_routes("", "nonsense\n").empty());
}

}  // namespace
}  // namespace adit::system
