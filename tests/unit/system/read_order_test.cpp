#include "system/read_order.h"

#include <utility>

#include <gtest/gtest.h>

namespace adit::system {
namespace {

// Reads, and what each looks at: two sockets with packets that wait.
class Reads {
 public:
  // "d", "c", "dc": what was looked at.
  std::string read(std::size_t data, std::size_t control) {
    bool at_data = false, at_control = false;
    const auto look = [](bool& looked, std::size_t found) {
      EXPECT_FALSE(std::exchange(looked, true)) << "twice in a read";
      return found;
    };
    const auto found = order_.read([&] { return look(at_control, control); },
                                   [&](std::size_t) { return look(at_data, data); });
    errors_ = found.wants_errors;
    EXPECT_EQ(found.packets, (at_data ? data : 0) + (at_control ? control : 0));
    return std::string(at_data ? "d" : "") + (at_control ? "c" : "");
  }
  [[nodiscard]] bool errors() const { return errors_; }

 private:
  ReadOrder order_;
  bool errors_ = false;
};

TEST(ReadOrder, looks_where_it_found_something_last_and_at_both_now_and_then) {
  Reads reads;
  std::string looks;
  for (int i = 0; i < 8; ++i) looks += reads.read(10, 0) + " ";
  EXPECT_EQ(looks, "d d d dc d d d dc ");
  reads.read(0, 0);
  EXPECT_EQ(reads.read(0, 1), "dc") << "nothing before, and nothing of data now";
  EXPECT_EQ(reads.read(0, 1), "c");
  EXPECT_EQ(reads.read(0, 1), "dc") << "its turn";
}

TEST(ReadOrder, looks_at_both_when_there_was_nothing_twice_and_then_for_errors) {
  Reads reads;
  reads.read(10, 0);
  EXPECT_EQ(reads.read(0, 0), "d");
  EXPECT_FALSE(reads.errors());
  EXPECT_EQ(reads.read(0, 0), "dc");
  EXPECT_TRUE(reads.errors());
}

TEST(ReadOrder, lets_nobody_wait_behind_a_flood) {
  Reads reads;
  reads.read(0, 32);
  EXPECT_EQ(reads.read(10, 32), "dc");
  int control = 0, errors = 0;
  for (int i = 0; i < 128; ++i) {
    control += reads.read(128, 1).ends_with("c") ? 1 : 0;
    errors += reads.errors() ? 1 : 0;
  }
  EXPECT_EQ(control, 32);
  EXPECT_EQ(errors, 2);
}

}  // namespace
}  // namespace adit::system
