#include "system/service_port.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace adit::system {
namespace {

TEST(ServicePort, is_what_the_host_says) {
  if (!std::filesystem::exists("/etc/services")) GTEST_SKIP() << "this host names no services";
  EXPECT_EQ(port_of_service("https"), 443);
  EXPECT_EQ(port_of_service("no-such-service"), std::nullopt);
  EXPECT_EQ(port_of_service(""), std::nullopt);
}

}  // namespace
}  // namespace adit::system
