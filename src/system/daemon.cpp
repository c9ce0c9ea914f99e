#include "system/daemon.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/fd.h"
#include "system/kernel_error.h"

namespace adit::system {

namespace {

constexpr mode_t readable_by_all = 0644;

Status leave_terminal(DaemonOutput output) {
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return kernel_refused(errno, "cannot open /dev/null");
  const int last = output == DaemonOutput::dev_null ? STDERR_FILENO : STDIN_FILENO;
  for (int fd = STDIN_FILENO; fd <= last; ++fd) {
    if (dup2(null.get(), fd) < 0) return kernel_refused(errno, "cannot leave the terminal");
  }
  return {};
}

}  // namespace

Status daemonise(DaemonOutput output) {
  const pid_t child = fork();
  if (child < 0) return kernel_refused(errno, "cannot become a daemon");
  if (child > 0) _exit(0);
  setsid();
  return leave_terminal(output);
}

Status write_pid_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable_by_all));
  const std::string text = std::to_string(getpid()) + "\n";
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return kernel_refused(errno, "cannot write the pid file " + path,
                          "\"writepid\" names it; its directory must exist and be writable");
  }
  return {};
}

Status set_nice(int level) {
  if (setpriority(PRIO_PROCESS, 0, level) == 0) return {};
  return kernel_refused(errno, fmt::format("cannot set nice {}", level),
                        "a level below 0 needs root or the capability CAP_SYS_NICE");
}

Status lock_memory() {
  // Once we are somebody else, what we allocate counts against the limit.
  const rlimit everything{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &everything);
  if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) return {};
  return kernel_refused(errno, "cannot lock the memory (mlock)",
                        "raise the limit (LimitMEMLOCK=, ulimit -l) or run as root");
}

}  // namespace adit::system
