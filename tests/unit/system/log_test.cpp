#include <cstdio>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>

#include "system/log_output.h"
#include "tests/unit/system/sandbox.h"
#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

constexpr WallMoment moment{1795341722, 9520};  // 2026-11-22 10:02:02 UTC

class LogFormat : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

TEST_F(LogFormat, is_stocks_byte_for_byte) {
  const auto line = [](const LogStyle& style) { return dressed(style, moment, 0x21, "TEXT"); };
  EXPECT_EQ(line({}), "2026-11-22 10:02:02 TEXT\n");
  EXPECT_EQ(line({.microseconds = true}), "2026-11-22 10:02:02 us=9520 TEXT\n");
  EXPECT_EQ(line({.timestamps = false}), "TEXT\n");
  EXPECT_EQ(line({.timestamps = false, .microseconds = true}), "TEXT\n");
  EXPECT_EQ(line({.machine_readable = true}), "1795341722.009520 21 TEXT\n");
  EXPECT_EQ(line({.timestamps = false, .machine_readable = true}), "1795341722.009520 21 TEXT\n");
}

TEST_F(LogFormat, shows_the_time_of_the_place) {
  setenv("TZ", "CET-1", 1);
  tzset();
  EXPECT_EQ(dressed({}, moment, 1, "TEXT"), "2026-11-22 11:02:02 TEXT\n");
}

TEST_F(LogFormat, flags_tell_verbosity_kind_and_class) {
  const auto flags = [](int verb, Severity severity, int mute = 0) {
    return log_flags({verb, severity, mute, ""});
  };
  EXPECT_EQ(flags(1, Severity::info), 0x1u);
  EXPECT_EQ(flags(3, Severity::info), 0x3u);
  EXPECT_EQ(flags(4, Severity::debug), 0x84u);
  EXPECT_EQ(flags(1, Severity::warning), 0x40u);
  EXPECT_EQ(flags(1, Severity::error), 0x21u);
  EXPECT_EQ(flags(1, Severity::error, 2), 0x2000021u);
  EXPECT_EQ(flags(0, Severity::fatal), 0x10u);
}

// One letter per line, its case the class; shows what the filter makes of it.
std::vector<std::string> muted(unsigned limit, const std::string& lines) {
  MuteFilter filter;
  filter.limit(limit);
  std::vector<std::string> shown;
  for (const char line : lines) {
    const auto verdict = filter.judge(line == '.' ? 0 : line - 'a' + 1);
    if (verdict.notice) shown.push_back(*verdict.notice);
    if (verdict.show) shown.emplace_back(1, line);
  }
  return shown;
}

TEST(MuteFilter, holds_back_what_repeats_and_says_so) {
  EXPECT_EQ(muted(2, "aaaab"),
            (std::vector<std::string>{
                "a", "a", "NOTE: --mute triggered...",
                "2 variation(s) on previous 2 message(s) suppressed by --mute", "b"}));
  EXPECT_EQ(muted(1, "aab"),
            (std::vector<std::string>{
                "a", "NOTE: --mute triggered...",
                "1 variation(s) on previous 1 message(s) suppressed by --mute", "b"}));
}

TEST(MuteFilter, counts_anew_after_another_class) {
  EXPECT_EQ(muted(2, "aabbaa"), (std::vector<std::string>{"a", "a", "b", "b", "a", "a"}));
}

TEST(MuteFilter, shows_all_lines_without_class_and_counts_anew_after_them) {
  EXPECT_EQ(muted(1, "a.a..."), (std::vector<std::string>{"a", ".", "a", ".", ".", "."}));
  EXPECT_EQ(muted(1, "aa."),
            (std::vector<std::string>{
                "a", "NOTE: --mute triggered...",
                "1 variation(s) on previous 1 message(s) suppressed by --mute", "."}));
}

TEST(MuteFilter, mutes_nothing_when_off) { EXPECT_EQ(muted(0, "aaaaaa").size(), 6u); }

class LogOutputTest : public LogFormat {
 protected:
  LogOutputTest() : file(folder / "log") {}
  static WallMoment fixed() { return moment; }
  // What a body prints with its own standard output and error.
  void in_process(const std::function<void()>& body) const {
    EXPECT_EQ(in_child([&] {
                ASSERT_NE(std::freopen((folder / "out").c_str(), "w", stdout), nullptr);
                ASSERT_NE(std::freopen((folder / "err").c_str(), "w", stderr), nullptr);
                body();
              }),
              0);
  }
  std::string out() const { return text_of_file(folder / "out"); }
  std::string err() const { return text_of_file(folder / "err"); }
  std::string logged() const { return text_of_file(file); }

  Folder folder;
  std::string file;
};

TEST_F(LogOutputTest, goes_to_standard_output_at_first) {
  in_process([] {
    LogOutput output(fixed);
    const Log log(output);
    log.info(1, "one");
    log.info(2, "hidden");
    log.error("two");
    log.fatal("three");
  });
  EXPECT_EQ(out(), "2026-11-22 10:02:02 one\n2026-11-22 10:02:02 two\n2026-11-22 10:02:02 three\n");
  EXPECT_EQ(err(), "");
}

TEST_F(LogOutputTest, follows_its_verbosity_at_once) {
  in_process([] {
    LogOutput output(fixed);
    const Log log(output);
    output.set_verbosity(4);
    log.info(4, "four");
    output.set_verbosity(0);
    log.warn("hidden");
    log.fatal("fatal");
    output.set_verbosity(3);
    log.info(3, "three");
  });
  EXPECT_EQ(out(),
            "2026-11-22 10:02:02 us=9520 four\n"
            "2026-11-22 10:02:02 fatal\n"
            "2026-11-22 10:02:02 three\n");
}

TEST_F(LogOutputTest, may_send_errors_to_standard_error) {
  in_process([] {
    LogOutput output(fixed);
    output.set_timestamps(false);
    output.set_errors_to_stderr(true);
    const Log log(output);
    log.info(1, "info");
    log.warn("warning");
    log.error("error");
    log.fatal("fatal");
  });
  EXPECT_EQ(out(), "info\nwarning\n");
  EXPECT_EQ(err(), "error\nfatal\n");
}

TEST_F(LogOutputTest, file_takes_everything_and_fatal_lines_are_seen_at_the_terminal_too) {
  in_process([this] {
    LogOutput output(fixed);
    output.set_timestamps(false);
    ASSERT_TRUE(output.to_file(file, false));
    EXPECT_TRUE(output.goes_to_file());
    const Log log(output);
    log.info(1, "info");
    log.error("error");
    log.fatal("fatal");
    output.leave_terminal();
    log.fatal("as a daemon");
  });
  EXPECT_EQ(logged(), "info\nerror\nfatal\nas a daemon\n");
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "fatal\n");
  EXPECT_EQ(mode_of_file(file), 0600u);
}

TEST_F(LogOutputTest, file_takes_what_children_print_when_redirected) {
  in_process([this] {
    LogOutput output(fixed);
    output.set_timestamps(false);
    ASSERT_TRUE(output.to_file(file, false));
    output.redirect_standard_output();
    Log(output).info(1, "before");
    EXPECT_EQ(::system("echo from a child; echo and its errors >&2"), 0);
    Log(output).fatal("after");
  });
  EXPECT_EQ(logged(), "before\nfrom a child\nand its errors\nafter\n");
  EXPECT_EQ(err(), "after\n");
}

TEST_F(LogOutputTest, file_starts_empty_or_goes_on) {
  in_process([this] {
    for (const bool append : {false, true, true, false, true}) {
      LogOutput output(fixed);
      output.set_timestamps(false);
      ASSERT_TRUE(output.to_file(file, append));
      Log(output).info(1, "{}", append ? "more" : "new");
    }
  });
  EXPECT_EQ(logged(), "new\nmore\n");
}

TEST_F(LogOutputTest, reopens_its_file_after_a_rotation_without_losing_a_line) {
  in_process([this] {
    LogOutput output(fixed);
    output.set_timestamps(false);
    ASSERT_TRUE(output.to_file(file, false));
    const Log log(output);
    log.info(1, "one");
    std::filesystem::rename(file, file + ".1");
    log.info(1, "two");
    ASSERT_TRUE(output.reopen());
    log.info(1, "three");
    ASSERT_TRUE(output.reopen());  // not rotated: nothing is cut
    log.info(1, "four");
  });
  EXPECT_EQ(text_of_file(file + ".1"), "one\ntwo\n");
  EXPECT_EQ(logged(), "three\nfour\n");
}

TEST_F(LogOutputTest, keeps_the_old_file_when_it_cannot_reopen) {
  in_process([this] {
    std::filesystem::create_directory(folder / "logs");
    LogOutput output(fixed);
    ASSERT_TRUE(output.to_file(folder / "logs/log", false));
    std::filesystem::rename(folder / "logs", folder / "old");
    EXPECT_FALSE(output.reopen());
    Log(output).info(1, "still here");
  });
  EXPECT_EQ(text_of_file(folder / "old/log"), "2026-11-22 10:02:02 still here\n");
}

TEST_F(LogOutputTest, says_which_file_it_cannot_open) {
  LogOutput output(fixed);
  const Status status = output.to_file(folder / "no/where", true);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what,
            "cannot open the log file " + folder / "no/where" + ": No such file or directory");
  EXPECT_FALSE(output.goes_to_file());
}

TEST_F(LogOutputTest, mutes_details_but_not_what_is_shown_by_default) {
  in_process([] {
    LogOutput output(fixed);
    output.set_timestamps(false);
    output.set_verbosity(3);
    output.set_mute(1);
    const Log log(output);
    for (int i = 0; i < 3; ++i) log.info(3, "detail");
    for (int i = 0; i < 2; ++i) log.info(1, "news");
  });
  EXPECT_EQ(out(),
            "detail\nNOTE: --mute triggered...\n"
            "2 variation(s) on previous 1 message(s) suppressed by --mute\nnews\nnews\n");
}

TEST_F(LogOutputTest, mutes_within_its_format) {
  in_process([] {
    LogOutput output(fixed);
    output.set_machine_readable(true);
    output.set_mute(2);
    const Log log(output);
    for (int i = 0; i < 5; ++i) log.mutable_error(2, "bad packet {}", i);
    log.info(1, "free");
    log.mutable_error(3, "other");
    output.set_mute(0);
    for (int i = 0; i < 4; ++i) log.mutable_error(3, "all");
  });
  EXPECT_EQ(out(),
            "1795341722.009520 2000021 bad packet 0\n"
            "1795341722.009520 2000021 bad packet 1\n"
            "1795341722.009520 801 NOTE: --mute triggered...\n"
            "1795341722.009520 801 3 variation(s) on previous 2 message(s) suppressed by --mute\n"
            "1795341722.009520 1 free\n"
            "1795341722.009520 3000021 other\n"
            "1795341722.009520 3000021 all\n"
            "1795341722.009520 3000021 all\n"
            "1795341722.009520 3000021 all\n"
            "1795341722.009520 3000021 all\n");
}

TEST_F(LogOutputTest, writes_whole_lines_from_many_threads) {
  in_process([] {
    LogOutput output(fixed);
    output.set_timestamps(false);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 200; ++k) Log(output).info(1, "{}", std::string(100, 'x'));
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  std::istringstream lines(out());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(line, std::string(100, 'x'));
  EXPECT_EQ(count, 800);
}

TEST_F(LogOutputTest, fatal_lines_reach_the_terminal_beside_syslog) {
  in_process([] {
    LogOutput output(fixed);
    output.set_timestamps(false);
    output.to_syslog("ovpn-test");
    Log(output).info(1, "info");
    Log(output).fatal("fatal");
    output.to_standard_output();
    Log(output).info(1, "back");
  });
  EXPECT_EQ(out(), "back\n");
  EXPECT_EQ(err(), "fatal\n");
}

TEST(LogOutput, remembers_its_last_lines_and_no_more) {
  Folder folder;
  LogOutput output([] { return moment; });
  ASSERT_TRUE(output.to_file(folder / "log", false));
  output.set_timestamps(false);
  output.write({4, Severity::debug, 0, "not shown"});
  EXPECT_TRUE(output.recent().empty());
  for (int i = 0; i < 1000; ++i) output.write({1, Severity::info, 0, std::to_string(i)});
  output.write({1, Severity::info, 0, std::string(100'000, 'x')});
  const auto recent = output.recent();
  ASSERT_EQ(recent.size(), 200u);
  EXPECT_EQ(recent.front(), "801");
  EXPECT_EQ(recent.back(), std::string(1000, 'x'));
}

}  // namespace
}  // namespace adit::system
