#include "app/foreground.h"

#include <csignal>
#include <cstdio>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/command_words.h"
#include "app/openvpn.h"
#include "setup/running.h"
#include "system/process.h"

namespace adit::app {

namespace {

constexpr unsigned start_seconds = 1;  // the server's, before it is asked
constexpr std::size_t most_output = 1u << 16;

// Turning a loop leaves no time for anything else, so that is a process of its own.
pid_t start_beside(const std::function<void()>& what) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent) what();
  _exit(0);
}

void test_beside(const std::string& dir) {
  sleep(start_seconds);
  // In one piece, for the server's log goes to the same terminal.
  const auto found = system::run_and_capture(
      {{own_path(), "doctor", "--dir", dir}, {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}},
      most_output, system::Captured::with_complaints);
  if (found) tell("\n" + found->text);
}

}  // namespace

int run_in_foreground(const std::vector<std::string>& words, const std::function<void()>& beside) {
  std::fflush(stdout);
  const pid_t other = beside ? start_beside(beside) : 0;
  const int status = run_openvpn(words);
  if (other > 0) {
    kill(other, SIGKILL);
    waitpid(other, nullptr, 0);
  }
  return status;
}

int serve_in_foreground(const std::string& dir, bool tested) {
  std::function<void()> beside;
  if (tested) beside = [&dir] { test_beside(dir); };
  return run_in_foreground(
      {"--cd", dir, "--config", "server.conf", "--writepid", setup::pid_file(dir)}, beside);
}

}  // namespace adit::app
