#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void keepalive(Use& use) {
  std::pair<unsigned, unsigned> both;
  const bool good = use.number(0, both.first) && use.number(1, both.second);
  if (good) use.config().timers.keepalive = both;
}

template <auto ForAll, auto ForOne>
bool set_timer(Use& use) {
  if (use.in_profile()) return use.seconds(0, use.client_profile().*ForOne);
  return use.seconds(0, use.timers().*ForAll);
}

void ping(Use& use) { set_timer<&Timers::ping, &ClientProfile::ping>(use); }

// ping-restart and ping-exit share one clock: the later word decides what it does.
void ping_restart(Use& use) {
  if (!set_timer<&Timers::ping_restart, &ClientProfile::ping_restart>(use) || use.in_profile())
    return;
  use.timers().ping_restart_set = true;
  use.timers().ping_exit = Seconds(0);
  use.timers().ping_exit_set = false;
}

void ping_exit(Use& use) {
  if (!set_timer<&Timers::ping_exit, &ClientProfile::ping_exit>(use) || use.in_profile()) return;
  use.timers().ping_exit_set = true;
  use.timers().ping_restart = Seconds(0);
  use.timers().ping_restart_set = false;
}

void ping_timer_rem(Use& use) {
  if (!use.in_profile()) use.timers().timer_remote = true;
}

void inactive(Use& use) {
  constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
  if (use.in_profile()) {
    use.seconds(0, use.client_profile().inactive);
    if (use.has(1)) use.number(1, use.client_profile().inactive_bytes, 0, no_limit);
    return;
  }
  use.seconds(0, use.timers().inactive);
  if (use.has(1)) use.number(1, use.timers().inactive_bytes, 0, no_limit);
}

void session_timeout(Use& use) {
  set_timer<&Timers::session_timeout, &ClientProfile::session_timeout>(use);
}

// clang-format off
constexpr std::array timers_rows{
    Row{.name = "keepalive", .args = {2, 2, "ping restart"}, .change = Change::now,
        .help = "Helper for ping/ping-restart (+push).", .apply = keepalive},
    Row{.name = "ping", .args = {1, 1, "sec"},
        .where = where::anywhere | where::pushed | where::profile, .change = Change::now,
        .help = "Send ping after idle.", .apply = ping},
    Row{.name = "ping-restart", .args = {1, 1, "sec"},
        .where = where::anywhere | where::pushed | where::profile, .change = Change::now,
        .help = "SIGUSR1 when nothing received.", .apply = ping_restart},
    Row{.name = "ping-exit", .args = {1, 1, "sec"},
        .where = where::anywhere | where::pushed | where::profile, .change = Change::now,
        .help = "Exit when nothing received.", .apply = ping_exit},
    Row{.name = "ping-timer-rem", .where = where::anywhere | where::pushed | where::profile,
        .help = "Run ping-exit/restart timer only if remote known.",
        .apply = ping_timer_rem},
    Row{.name = "inactive", .args = {1, 2, "sec [bytes]"},
        .where = where::anywhere | where::pushed | where::profile, .change = Change::new_sessions,
        .help = "Exit after idle period.", .apply = inactive},
    Row{.name = "session-timeout", .args = {1, 1, "sec"},
        .where = where::anywhere | where::pushed | where::profile, .change = Change::new_sessions,
        .help = "Exit/close after absolute time.", .apply = session_timeout},
};
// clang-format on

}  // namespace

Page timers_page() { return {"Keeping the tunnel alive", timers_rows}; }

}  // namespace adit::options
