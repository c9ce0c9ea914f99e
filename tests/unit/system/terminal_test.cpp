#include "system/terminal.h"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

// The user's end of a terminal.
struct User {
  User() : fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(grantpt(fd.get()), 0);
    EXPECT_EQ(unlockpt(fd.get()), 0);
    path = ptsname(fd.get());
    device = Fd(open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }
  void type(std::string_view text) {
    EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // Everything shown until it ends with this text.
  std::string sees(std::string_view end) {
    std::string text;
    eventually([&] {
      pollfd wait{fd.get(), POLLIN, 0};
      char room[256];
      if (poll(&wait, 1, 0) == 1) {
        const ssize_t count = ::read(fd.get(), room, sizeof room);
        if (count > 0) text.append(room, static_cast<std::size_t>(count));
      }
      return text.ends_with(end);
    });
    return text;
  }
  bool echoes() {
    termios settings{};
    EXPECT_EQ(tcgetattr(device.get(), &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
  }
  Fd fd, device;
  std::string path;
};

TEST(Terminal, asks_without_showing_a_password) {
  User user;
  std::optional<Result<SecretText>> answer;
  std::thread asker([&] { answer = ask_on(user.path, "Enter Auth Password:", false); });
  EXPECT_EQ(user.sees("Password: "), "Enter Auth Password: ");
  EXPECT_FALSE(user.echoes());
  user.type("se cret\n");
  EXPECT_EQ(user.sees("\r\n"), "\r\n");
  asker.join();
  ASSERT_TRUE(*answer) << answer->error().text();
  EXPECT_EQ((*answer)->reveal(), "se cret");
  EXPECT_TRUE(user.echoes());
}

TEST(Terminal, shows_a_user_name) {
  User user;
  std::optional<Result<SecretText>> answer;
  std::thread asker([&] { answer = ask_on(user.path, "Enter Auth Username:", true); });
  EXPECT_EQ(user.sees("Username: "), "Enter Auth Username: ");
  user.type("anna\n");
  EXPECT_EQ(user.sees("\r\n"), "anna\r\n");
  asker.join();
  EXPECT_EQ((*answer)->reveal(), "anna");
}

TEST(Terminal, takes_an_empty_answer_and_notices_the_end) {
  User user;
  for (const char* typed : {"\n", "\x04"}) {
    std::optional<Result<SecretText>> answer;
    std::thread asker([&] { answer = ask_on(user.path, "?", false); });
    user.sees("? ");
    user.type(typed);
    asker.join();
    EXPECT_EQ(answer->has_value(), std::string(typed) == "\n");
  }
}

// The child asks; how it ends and whether the terminal echoes again is ours to see.
int ends_by(User& user, int signal) {
  const pid_t child = fork();
  if (child == 0) {
    const auto answer = ask_on(user.path, "Enter Private Key Password:", false);
    _exit(answer ? 1 : 2);
  }
  user.sees("Password: ");
  EXPECT_FALSE(user.echoes());
  kill(child, signal);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(user.echoes());
  return status;
}

TEST(Terminal, echoes_again_when_a_signal_ends_the_process) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    User user;
    const int status = ends_by(user, signal);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal);
  }
}

TEST(Terminal, leaves_a_signal_to_the_loop_that_waits_for_it) {
  EXPECT_EQ(in_child([] {
              const auto loop = make_loop();
              int got = 0;
              ASSERT_TRUE(loop->on_signal(SIGTERM, [&](int number) { got = number; }));
              User user;
              kill(getpid(), SIGTERM);
              const auto answer = ask_on(user.path, "?", false);
              ASSERT_FALSE(answer);
              EXPECT_EQ(answer.error().what, "interrupted while asking on the terminal");
              EXPECT_TRUE(user.echoes());
              EXPECT_TRUE(run_until(*loop, [&] { return got == SIGTERM; }));
            }),
            0);
}

TEST(Terminal, says_when_there_is_none) {
  const auto answer = ask_on("/nonexistent/tty", "?", false);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().what, "cannot open /nonexistent/tty: No such file or directory");
  EXPECT_FALSE(ask_on("/dev/null", "?", false));
}

// As it is in a container, or in a pipe whose errors are shown.
TEST(Terminal, reads_standard_input_line_by_line_when_only_errors_are_shown) {
  if (access("/run/systemd/system", F_OK) == 0) GTEST_SKIP() << "SKIPPED: systemd would ask";
  EXPECT_EQ(in_child([] {
              setsid();  // no terminal of our own
              User user;
              int ends[2];
              ASSERT_EQ(pipe(ends), 0);
              ASSERT_EQ(::write(ends[1], "ann\nse cret", 11), 11);
              close(ends[1]);
              dup2(ends[0], STDIN_FILENO);
              dup2(user.device.get(), STDERR_FILENO);
              const auto answer = ask_credentials("Auth");
              ASSERT_TRUE(answer) << answer.error().text();
              EXPECT_EQ(answer->user, "ann");
              EXPECT_EQ(answer->password.reveal(), "se cret");
              EXPECT_EQ(user.sees("\r\n"), "Enter Auth Username: Enter Auth Password: \r\n");
              EXPECT_FALSE(ask("?", true));
            }),
            0);
}

TEST(Terminal, advises_to_use_a_file_when_nobody_can_be_asked) {
  if (access("/run/systemd/system", F_OK) == 0) GTEST_SKIP() << "SKIPPED: systemd would ask";
  EXPECT_EQ(in_child([] {
              setsid();  // no terminal of our own
              const Fd nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
              dup2(nowhere.get(), STDIN_FILENO);
              dup2(nowhere.get(), STDERR_FILENO);
              const auto answer = ask("Enter Auth Password:", false);
              ASSERT_FALSE(answer);
              EXPECT_NE(answer.error().advice.find("auth-user-pass FILE"), std::string::npos);
            }),
            0);
}

}  // namespace
}  // namespace adit::system
