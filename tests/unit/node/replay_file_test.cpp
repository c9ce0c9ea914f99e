#include "node/replay_file.h"

#include <gtest/gtest.h>

#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t newest(std::uint32_t time, std::uint32_t id) {
  return std::uint64_t{time} << 32 | id;
}
constexpr Instant start{seconds(1000)};

struct ReplayFileTest : testing::Test {
  ReplayFile file() { return {"ids", store, Log(output)}; }

  sim::MemoryStore store;
  sim::MemoryLog output{"test"};
};

TEST_F(ReplayFileTest, begins_with_nothing_where_there_is_nothing) {
  EXPECT_EQ(file().load()->highest, 0u);
  EXPECT_EQ(ReplayFile("", store, Log(output)).load()->highest, 0u);
  store.files["ids"] = "";
  EXPECT_EQ(file().load()->highest, 0u);
}

TEST_F(ReplayFileTest, what_was_kept_closes_the_window_up_to_there) {
  file().keep(newest(1700000000, 77));
  const auto state = file().load();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->time, 1700000000u);
  EXPECT_EQ(state->highest, 77u);
  crypto::ReplayWindow window({64, 15}, 128);
  window.restore(*state, start);
  EXPECT_NE(window.check(77, 1700000000, start), Drop::none);
  EXPECT_NE(window.check(60, 1700000000, start), Drop::none);
  EXPECT_NE(window.check(900, 1699999999, start), Drop::none);
  EXPECT_EQ(window.check(78, 1700000000, start), Drop::none);
  EXPECT_EQ(window.check(1, 1700000001, start), Drop::none);
}

TEST_F(ReplayFileTest, is_stocks_file) {
  file().keep(newest(0x01020304, 0x0A0B0C0D));
  ASSERT_EQ(store.files["ids"].size(), 16u);  // of a host whose time has 64 bits
  EXPECT_EQ(store.files["ids"].substr(0, 4), "\x04\x03\x02\x01");
  EXPECT_EQ(store.files["ids"].substr(8, 4), "\x0D\x0C\x0B\x0A");
}

TEST_F(ReplayFileTest, is_written_once_a_minute_and_only_when_there_is_news) {
  ReplayFile file = this->file();
  file.tick(0, start);
  file.tick(newest(5, 1), start + seconds(59));
  EXPECT_FALSE(store.files.contains("ids"));
  file.tick(newest(5, 1), start + seconds(60));
  EXPECT_TRUE(store.files.contains("ids"));
  store.files.clear();
  file.tick(newest(5, 1), start + seconds(120));
  EXPECT_FALSE(store.files.contains("ids"));
  EXPECT_EQ(file.deadline().at, start + seconds(180));
}

TEST_F(ReplayFileTest, another_file_is_not_overwritten) {
  store.files["ids"] = "my diary";
  const auto state = file().load();
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().text().find("ids is not a file of packet ids"), std::string::npos);
}

}  // namespace
}  // namespace adit::node
