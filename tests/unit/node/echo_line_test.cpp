#include "node/echo_line.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

TEST(EchoLine, is_there_for_messages_only) {
  EXPECT_EQ(echo_line("msg hello", false), "ECHO:msg hello");
  EXPECT_EQ(echo_line("msg hello", true), "ECHO-PULL:msg hello");
  EXPECT_EQ(echo_line("msg-window x", false), "ECHO:msg-window x");
  EXPECT_EQ(echo_line("forget-passwords", false), std::nullopt);
  EXPECT_EQ(echo_line("", true), std::nullopt);
}

}  // namespace
}  // namespace adit::node
