#include "base/text.h"

#include <gtest/gtest.h>

namespace adit {
namespace {

TEST(Printable, keeps_letters_of_every_alphabet) {
  const std::string name = "J\xC3\xB6rg \xD0\x96 \xE4\xB8\xAD \xF0\x9F\x94\x91, 2";
  EXPECT_EQ(printable(name), name);
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, lets_nothing_through_that_steers_a_terminal) {
  EXPECT_EQ(printable("a\nb\tc\x1B[2J\x7F"), "a_b_c_[2J_");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "__31m");  // the same in eight bits
}

TEST(Printable, replaces_each_byte_that_is_no_text) {
  EXPECT_EQ(printable("\xFF\xC3"), "__");
  EXPECT_EQ(printable("\xC3("), "_(");
  EXPECT_EQ(printable("\xC0\xAF"), "__");            // too long
  EXPECT_EQ(printable("\xED\xA0\x80"), "___");       // half of a pair
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "____");  // beyond the last
  EXPECT_EQ(printable("\xE4\xB8"), "__");
}

}  // namespace
}  // namespace adit
