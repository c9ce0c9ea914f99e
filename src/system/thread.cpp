#include "system/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <system_error>
#include <unistd.h>

#include "system/kernel_error.h"
#include "system/privileges.h"

namespace adit::system {

namespace {

// The new thread inherits the mask, so that no signal can slip in before it blocks them itself.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

Result<std::thread> start_thread(const std::string& name, std::function<void()> body) {
  const AllSignalsBlocked blocked;
  try {
    return std::thread([name, body = std::move(body)] {
      pthread_setname_np(pthread_self(), name.c_str());
      // What the control thread has kept is its alone. (Root must keep the right to become somebody
      // else: that change goes through all threads.)
      if (geteuid() != 0) give_up_capabilities();
      body();
    });
  } catch (const std::system_error& error) {
    return kernel_refused(
        error.code().value(), "cannot start the thread " + name,
        "raise the limit of tasks (TasksMax=, LimitNPROC= in systemd, ulimit -u)");
  }
}

std::size_t cores() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&usable));
}

}  // namespace adit::system
