#include "node/hooks.h"

#include <gtest/gtest.h>

#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

// Programs that end when they are told to.
class Stage final : public ports::ProcessPort {
 public:
  void run(const ports::Command& command, std::function<void(Result<int>)> done) override {
    running.push_back({command, std::move(done)});
  }
  Result<int> run_and_wait(const ports::Command& command) override {
    waited.push_back(command);
    return 0;
  }
  // Of the one with this last word.
  void end(const std::string& word, const Result<int>& status = 0) {
    const auto found = std::ranges::find_if(
        running, [&](const auto& one) { return one.first.argv.back() == word; });
    ASSERT_NE(found, running.end()) << word;
    const auto done = std::move(found->second);
    running.erase(found);
    done(status);
  }
  [[nodiscard]] std::vector<std::string> words() const {
    std::vector<std::string> all;
    for (const auto& [command, done] : running) all.push_back(command.argv.back());
    return all;
  }

  std::vector<std::pair<ports::Command, std::function<void(Result<int>)>>> running;
  std::vector<ports::Command> waited;
};

class HooksTest : public testing::Test {
 protected:
  HooksTest() { hooks.limit(std::chrono::seconds(9)); }

  static options::Scripts allowed(int security) {
    options::Scripts scripts;
    scripts.security = security;
    return scripts;
  }
  void ask(const std::string& word, std::vector<std::string> subjects, bool books = false) {
    hooks.run_in_order(
        "kind", script, {}, {word}, {.subjects = std::move(subjects), .keeps_books = books},
        [this, word](int status) { ended.push_back(word + std::to_string(status)); });
  }
  using Words = std::vector<std::string>;

  sim::MemoryLog log{"test"};
  Stage stage;
  options::Script script{{"/bin/it", "own"}, {}};
  Hooks hooks{allowed(2), {}, stage, Log(log)};
  Words ended;
};

TEST_F(HooksTest, one_client_that_hangs_keeps_no_other) {
  ask("a-connect", {"a"});
  ask("a-leaves", {"a"}, true);
  ask("b-connect", {"b"});
  EXPECT_EQ(stage.words(), (Words{"a-connect", "b-connect"}));
  stage.end("b-connect");
  EXPECT_EQ(ended, (Words{"b-connect0"}));
  EXPECT_FALSE(hooks.idle());
  stage.end("a-connect", 1);
  EXPECT_EQ(stage.words(), (Words{"a-leaves"}));
  stage.end("a-leaves");
  EXPECT_TRUE(hooks.idle());
  EXPECT_EQ(ended, (Words{"b-connect0", "a-connect1", "a-leaves0"}));
}

TEST_F(HooksTest, few_run_at_a_time) {
  for (int n = 0; n < 100; ++n) ask(std::to_string(n), {});
  EXPECT_EQ(stage.running.size(), 4u);
  while (!stage.running.empty()) stage.end(stage.words().front());
  EXPECT_EQ(ended.size(), 100u);
}

TEST_F(HooksTest, those_that_take_long_make_room) {
  for (int n = 0; n < 10; ++n) ask(std::to_string(n), {});
  EXPECT_EQ(stage.running.size(), 4u);
  for (int n = 0; n < 4; ++n) stage.running[static_cast<std::size_t>(n)].first.takes_long();
  EXPECT_EQ(stage.running.size(), 8u);
}

TEST_F(HooksTest, what_nobody_wants_any_more_is_not_run) {
  bool wanted = true;
  for (int n = 0; n < 1000; ++n) {
    hooks.run_in_order("kind", script, {}, {"x"}, {.wanted = [&] { return wanted; }},
                       [this](int status) { ended.push_back(std::to_string(status)); });
  }
  wanted = false;
  stage.end("x");
  EXPECT_EQ(stage.running.size(), 3u);
  EXPECT_EQ(ended.size(), 997u);
  EXPECT_EQ(ended.back(), "-1");
}

TEST_F(HooksTest, books_that_nobody_wants_kept_any_more_do_not_hold_up_the_end) {
  ask("a-connect", {"a"});
  hooks.run_in_order("kind", script, {}, {"x"},
                     {.subjects = {"a"}, .keeps_books = true, .wanted = [] { return false; }},
                     [this](int status) { ended.push_back("x" + std::to_string(status)); });
  EXPECT_FALSE(hooks.idle());
  stage.end("a-connect");
  EXPECT_EQ(ended, (Words{"a-connect0", "x-1"}));
  EXPECT_TRUE(hooks.idle());
}

TEST_F(HooksTest, nobody_is_told_anything_after_its_end) {
  sim::MemoryPlugins plugins;
  plugins.wanted = {ports::PluginEvent::client_connect};
  std::optional<Hooks> mortal(std::in_place, allowed(2), Environment(), stage, Log(log), &plugins);
  const auto end = [this](const auto&) { ended.emplace_back("told"); };
  mortal->run_in_order("kind", script, {}, {"runs"}, {.subjects = {"a"}}, end);
  mortal->run_in_order("kind", script, {}, {"waits"}, {.subjects = {"a"}}, end);
  mortal->plugins().tell({ports::PluginEvent::client_connect}, Log(log), end);
  mortal->tell_in_order({ports::PluginEvent::client_connect, "kind", script}, {}, {"x"}, {}, 0,
                        end);
  mortal.reset();
  stage.end("runs");
  plugins.deliver();
  EXPECT_TRUE(stage.running.empty());
  EXPECT_TRUE(ended.empty());
}

TEST_F(HooksTest, those_nobody_waits_for_have_a_limit) {
  ask("x", {});
  EXPECT_EQ(stage.running[0].first.limit, Duration(std::chrono::seconds(9)));
  EXPECT_TRUE(hooks.run_and_wait("up", script, {}));
  EXPECT_EQ(stage.waited[0].limit, Duration(0));
  stage.end("x", fail("it did not end within 9 s and was killed"));
  EXPECT_EQ(ended, (Words{"x-1"}));
}

TEST_F(HooksTest, an_answer_that_comes_later_is_no_failure) {
  int status = 0;
  hooks.run_in_order("user-pass-verify", script, {}, {"x"}, {},
                     [&](int answer) { status = answer; });
  stage.end("x", 2);
  EXPECT_EQ(status, 2);
  EXPECT_TRUE(log.lines.empty());
  hooks.run_in_order("client-connect", script, {}, {"x"}, {}, [&](int answer) { status = answer; });
  stage.end("x", 2);
  EXPECT_EQ(log.lines.size(), 1u);
}

TEST_F(HooksTest, nothing_runs_without_leave) {
  Hooks strict(allowed(1), {}, stage, Log(log));
  int status = 0;
  strict.run_in_order("client-connect", script, {}, {}, {}, [&](int answer) { status = answer; });
  EXPECT_EQ(status, -1);
  EXPECT_TRUE(stage.running.empty());
  EXPECT_FALSE(strict.run_and_wait("up", script, {}));
  EXPECT_TRUE(stage.waited.empty());
}

}  // namespace
}  // namespace adit::node
