#include <gtest/gtest.h>

#include "setup/qr_code.h"

namespace adit::setup {
namespace {

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
