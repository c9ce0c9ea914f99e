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

// The test needs a server that turns its loop, so it is a process of its own; it ends with us.
pid_t start_test(const std::string& dir) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  sleep(start_seconds);
  // In one piece, for the server's log goes to the same terminal.
  const auto found = system::run_and_capture(
      {{own_path(), "doctor", "--dir", dir}, {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}},
      most_output, system::Captured::with_complaints);
  if (found) tell("\n" + found->text);
  _exit(0);
}

}  // namespace

int serve_in_foreground(const std::string& dir, bool test) {
  std::fflush(stdout);
  const pid_t tester = test ? start_test(dir) : 0;
  const int status =
      run_openvpn({"--cd", dir, "--config", "server.conf", "--writepid", setup::pid_file(dir)});
  if (tester > 0) {
    kill(tester, SIGKILL);
    waitpid(tester, nullptr, 0);
  }
  return status;
}

}  // namespace adit::app
