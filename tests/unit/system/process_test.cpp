#include "system/process.h"

#include <csignal>
#include <fcntl.h>
#include <optional>
#include <sys/wait.h>

#include "system/kernel_error.h"
#include "tests/unit/system/sandbox.h"
#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

ports::Command shell(const std::string& script) { return {{"/bin/sh", "-c", script}, {}}; }

// Runs a command on a loop and returns what its done was told.
Result<int> finish(Loop& loop, Processes& processes, const ports::Command& command) {
  std::optional<Result<int>> result;
  processes.run(command, [&](Result<int> status) { result = std::move(status); });
  EXPECT_FALSE(result) << "told from within";
  EXPECT_TRUE(run_until(loop, [&] { return result.has_value(); }));
  return result.value_or(fail("nothing happened"));
}

TEST(Processes, tell_the_exit_status_on_the_loop) {
  const auto loop = make_loop();
  Processes processes(*loop);
  EXPECT_EQ(finish(*loop, processes, shell("exit 0")), 0);
  EXPECT_EQ(finish(*loop, processes, shell("exit 7")), 7);
  EXPECT_EQ(processes.running(), 0u);
}

TEST(Processes, who_waits_for_one_is_called_meanwhile) {
  const auto loop = make_loop();
  Processes processes(*loop);
  int calls = 0;
  processes.while_waiting(10ms, [&] { ++calls; });
  EXPECT_EQ(processes.run_and_wait(shell("sleep 0.2; exit 3")), 3);
  EXPECT_GE(calls, 3);
  calls = 0;
  processes.while_waiting(10s, [&] { ++calls; });
  EXPECT_EQ(processes.run_and_wait(shell("exit 4")), 4);
  EXPECT_EQ(calls, 0);
}

TEST(Processes, tell_128_and_the_signal_of_a_killed_one) {
  const auto loop = make_loop();
  Processes processes(*loop);
  EXPECT_EQ(finish(*loop, processes, shell("kill -TERM $$")), 128 + SIGTERM);
  EXPECT_EQ(processes.run_and_wait(shell("kill -KILL $$")), 128 + SIGKILL);
}

ports::Command limited(const std::string& script, Duration limit) {
  ports::Command command = shell(script);
  command.limit = limit;
  return command;
}

TEST(Processes, are_killed_at_their_limit_with_what_they_started) {
  const auto loop = make_loop();
  Processes processes(*loop);
  const Folder folder;
  const std::string mark = folder / "mark";
  const std::string script = "(sleep 1; echo late >" + mark + ") & trap '' TERM; sleep 60";
  const auto ended = finish(*loop, processes, limited(script, 100ms));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().what, "it did not end within 0 s and was killed");
  EXPECT_FALSE(processes.run_and_wait(limited(script, 100ms)));
  EXPECT_EQ(processes.running(), 0u);
  EXPECT_EQ(processes.run_and_wait(shell("sleep 1.2; test ! -e " + mark)), 0);
}

TEST(Processes, that_take_long_are_told_of) {
  const auto loop = make_loop();
  Processes processes(*loop);
  int told = 0;
  ports::Command command = shell("sleep 0.3");
  command.patience = 50ms;
  command.takes_long = [&] { ++told; };
  EXPECT_EQ(finish(*loop, processes, command), 0);
  EXPECT_EQ(told, 1);
  command.argv.back() = "exit 0";
  EXPECT_EQ(finish(*loop, processes, command), 0);
  EXPECT_EQ(finish(*loop, processes, shell("sleep 0.1")), 0);
  EXPECT_EQ(told, 1);
}

TEST(Processes, that_end_in_time_are_left_alone) {
  const auto loop = make_loop();
  Processes processes(*loop);
  EXPECT_EQ(finish(*loop, processes, limited("exit 3", 10s)), 3);
  EXPECT_EQ(processes.run_and_wait(limited("exit 4", 10s)), 4);
}

TEST(Processes, tell_why_one_could_not_start) {
  const auto loop = make_loop();
  Processes processes(*loop);
  const Folder folder;
  const auto missing = finish(*loop, processes, {{folder / "nope"}, {}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, "cannot run " + folder / "nope" + ": No such file or directory");
  const auto plain = finish(*loop, processes, {{folder.put("plain", "#!/bin/sh\n", 0644)}, {}});
  ASSERT_FALSE(plain);
  EXPECT_TRUE(plain.error().what.ends_with("Permission denied"));
  EXPECT_NE(plain.error().advice.find("chmod +x"), std::string::npos);
  const auto text = processes.run_and_wait({{folder.put("text", "echo hello\n", 0755)}, {}});
  ASSERT_FALSE(text) << "run by a shell";
  EXPECT_NE(text.error().advice.find("#!/bin/sh"), std::string::npos);
}

TEST(Processes, pass_arguments_as_they_are) {
  const auto output = run_and_capture(
      {{"/usr/bin/printf", "[%s]", "a b", "$HOME `id`", "*", "", "it's; \"so\""}, {}}, 4096);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->text, "[a b][$HOME `id`][*][][it's; \"so\"]");
}

TEST(Processes, pass_exactly_the_given_environment) {
  setenv("ADIT_TEST_SECRET", "leaks", 1);
  const auto output = run_and_capture(
      {{"/usr/bin/env"}, {{"common_name", "client 1"}, {"script_type", "up"}, {"empty", ""}}},
      4096);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->text, "common_name=client 1\nscript_type=up\nempty=\n");
  const auto bare = run_and_capture({{"/usr/bin/env"}, {}}, 4096);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->text, "");
}

TEST(Processes, inherit_no_descriptor_and_nothing_to_read) {
  const int leaky =
      open("/dev/zero", O_RDONLY);  // without close-on-exec, as a careless library may
  const auto output = run_and_capture(shell("ls /proc/self/fd; wc -c"), 4096);
  close(leaky);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->text, "0\n1\n2\n3\n0\n");  // 3 is what ls itself opens
}

TEST(Processes, start_with_no_signal_blocked_or_ignored) {
  EXPECT_EQ(
      in_child([] {
        const auto loop = make_loop();
        ASSERT_TRUE(loop->on_signal(SIGTERM, [](int) {}));
        ignore_broken_pipes();
        const auto output =
            run_and_capture(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status"), 4096);
        ASSERT_TRUE(output);
        // Two numbers that the C library keeps for its threads do not count.
        EXPECT_TRUE(output->text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n" ||
                    output->text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n")
            << output->text;
      }),
      0);
}

TEST(Processes, run_side_by_side) {
  const auto loop = make_loop();
  Processes processes(*loop);
  constexpr int count = 20;
  std::vector<int> statuses;
  for (int i = 0; i < count; ++i) {
    processes.run(shell("exit " + std::to_string(i)),
                  [&](Result<int> status) { statuses.push_back(status.value_or(-1)); });
  }
  EXPECT_TRUE(run_until(*loop, [&] { return statuses.size() == count; }));
  std::ranges::sort(statuses);
  for (int i = 0; i < count; ++i) EXPECT_EQ(statuses[static_cast<std::size_t>(i)], i);
}

TEST(Processes, may_start_another_from_the_end_of_one) {
  const auto loop = make_loop();
  Processes processes(*loop);
  std::vector<int> statuses;
  processes.run(shell("exit 1"), [&](Result<int> first) {
    statuses.push_back(*first);
    processes.run(shell("exit 2"), [&](Result<int> second) { statuses.push_back(*second); });
  });
  EXPECT_TRUE(run_until(*loop, [&] { return statuses.size() == 2; }));
  EXPECT_EQ(statuses, (std::vector{1, 2}));
}

TEST(Processes, take_what_still_runs_with_them_children_included) {
  const auto loop = make_loop();
  const Folder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  // The writing end is open in the program and in its child: the fifo ends when both are gone.
  const Fd reader(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  {
    Processes processes(*loop);
    processes.run(shell("exec >" + fifo + "; echo x; sleep 1000 & wait"),
                  [](Result<int>) { ADD_FAILURE() << "told after all"; });
    char byte = 0;
    ASSERT_TRUE(eventually([&] { return ::read(reader.get(), &byte, 1) == 1 && byte == 'x'; }));
    EXPECT_EQ(processes.running(), 1u);
  }
  EXPECT_TRUE(eventually([&] {
    char rest[8];
    return ::read(reader.get(), rest, sizeof rest) == 0;
  }));
  loop->run_once(Instant::min());
}

TEST(Processes, that_are_gone_tell_nothing_of_a_failed_start) {
  const auto loop = make_loop();
  {
    Processes processes(*loop);
    processes.run({{"/nonexistent"}, {}}, [](Result<int>) { ADD_FAILURE() << "told after all"; });
  }
  loop->run_once(Instant::min());
}

TEST(Processes, learn_the_exit_status_though_the_parent_ignored_children) {
  EXPECT_EQ(in_child([] {
              signal(SIGCHLD, SIG_IGN);
              const auto loop = make_loop();
              Processes processes(*loop);
              EXPECT_EQ(processes.run_and_wait(shell("exit 5")), 5);
              EXPECT_EQ(finish(*loop, processes, shell("exit 6")), 6);
            }),
            0);
}

TEST(RunAndCapture, keeps_no_more_than_asked_for) {
  const auto output = run_and_capture(shell("yes | head -c 100000; exit 3"), 10);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->text, "y\ny\ny\ny\ny\n");
  EXPECT_EQ(output->status, 3);
}

}  // namespace
}  // namespace adit::system
