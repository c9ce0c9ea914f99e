#include "app/bench_signals.h"

#include <algorithm>
#include <array>
#include <csignal>

namespace adit::app {

namespace {

constexpr std::array held{SIGINT, SIGTERM, SIGHUP};

}  // namespace

HeldSignals::HeldSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : held) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

bool HeldSignals::came() const {
  sigset_t pending;
  sigpending(&pending);
  return std::ranges::any_of(held, [&](int number) { return sigismember(&pending, number) == 1; });
}

}  // namespace adit::app
