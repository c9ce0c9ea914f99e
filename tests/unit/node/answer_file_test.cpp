#include "node/answer_file.h"

#include <gtest/gtest.h>

#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

using Answer = AuthAnswer::Answer;

template <typename Files>
std::string path_of(const Files& answer, std::string_view name) {
  Environment env;
  answer.set_variables(env);
  for (const auto& [variable, value] : env.variables()) {
    if (variable == name) return value;
  }
  return {};
}

TEST(AuthAnswer, is_what_a_program_writes_later) {
  sim::MemoryStore store;
  auto answer = AuthAnswer::create(store, "/tmp");
  ASSERT_TRUE(answer);
  std::string& control = store.files.at(path_of(*answer, "auth_control_file"));
  for (const char* nothing : {"", "2", "yes", "\n1"}) {
    control = nothing;
    EXPECT_EQ(answer->look(), Answer::none) << nothing;
  }
  control = "1\n";
  EXPECT_EQ(answer->look(), Answer::yes);
  control = "0";
  EXPECT_EQ(answer->look(), Answer::no);
}

TEST(AuthAnswer, has_a_reason_of_one_line) {
  sim::MemoryStore store;
  auto answer = AuthAnswer::create(store, "/tmp");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->reason(), "");
  std::string& reason = store.files.at(path_of(*answer, "auth_failed_reason_file"));
  reason = "account \x1b locked\nPUSH_REPLY,x\n";
  EXPECT_EQ(answer->reason(), "account _ locked");
  reason = std::string(100000, 'x');
  EXPECT_LT(answer->reason().size(), 1000u);
}

TEST(AuthAnswer, takes_its_files_away) {
  sim::MemoryStore store;
  {
    auto answer = AuthAnswer::create(store, "/tmp");
    ASSERT_TRUE(answer);
    EXPECT_EQ(store.files.size(), 3u);
    const AuthAnswer moved = std::move(*answer);
    EXPECT_EQ(store.files.size(), 3u);
  }
  EXPECT_TRUE(store.files.empty());
}

TEST(ConnectAnswer, waits_as_long_as_it_is_put_off) {
  using Word = ConnectAnswer::Answer;
  sim::MemoryStore store;
  auto answer = ConnectAnswer::create(store, "/tmp");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->look(), Word::none);
  std::string& later = store.files.at(path_of(*answer, "client_connect_deferred_file"));
  const std::pair<const char*, Word> words[] = {
      {"2\n", Word::later}, {"1", Word::yes}, {"0\n", Word::no}, {"x", Word::no}};
  for (const auto& [word, expected] : words) {
    later = word;
    EXPECT_EQ(answer->look(), expected) << word;
  }
  EXPECT_EQ(path_of(*answer, "client_connect_config_file"), answer->path());
  store.files.at(answer->path()) = "disable\n";
  EXPECT_EQ(answer->profile(), "disable\n");
}

TEST(PendingAuth, has_three_lines) {
  const auto pending = parse_pending_auth("30\nwebauth\nWEB_AUTH::https://x/y\n");
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->timeout.count(), 30);
  EXPECT_EQ(pending->method, "webauth");
  EXPECT_EQ(pending->extra, "WEB_AUTH::https://x/y");
  for (const char* wrong : {"", "30\nwebauth", "x\nwebauth\nWEB_AUTH::", "30\n\nWEB_AUTH::",
                            "30\nwebauth\n\n", "-1\nwebauth\nWEB_AUTH::"}) {
    EXPECT_FALSE(parse_pending_auth(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace adit::node
