#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <signal.h>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "system/doorbell.h"
#include "system/fd.h"

namespace adit::system {

// What a watched descriptor waits for or has. Errors and hang-ups come as both, so that whoever
// reads or writes next meets them.
namespace ready {
inline constexpr unsigned to_read = 1;
inline constexpr unsigned to_write = 2;
}  // namespace ready

using TimerId = std::uint64_t;

// The control thread's loop: descriptors, doorbells, signals, timers and functions posted by other
// threads. One turn is run_once(); now() and wall() do not move within a turn. Everything but
// post() is for the thread that runs the loop. A callback may watch, unwatch and start timers.
class Loop {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Loop>> create();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Sleeps until something is ready, but at most until deadline or the first timer, and handles it.
  void run_once(Instant deadline);
  // Between the lines of a turn, when one answer has to be waited for: handles one descriptor that
  // is watched, and signals, and nothing else. now() stands still. False: nothing was ready by
  // then.
  bool run_only(int fd, unsigned interest, Instant deadline);
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] WallTime wall() const { return wall_; }

  using Callback = std::function<void()>;
  using ReadyCallback = std::function<void(unsigned ready)>;

  // Level-triggered. unwatch() comes before the descriptor is closed.
  [[nodiscard]] Status watch(int fd, unsigned interest, ReadyCallback callback);
  void change_interest(int fd, unsigned interest);
  void unwatch(int fd);

  // Calls back after every ring. Whoever leaves work in the queue rings again.
  [[nodiscard]] Status watch(EventDoorbell& bell, Callback callback);
  void unwatch(EventDoorbell& bell);

  TimerId at(Instant when, Callback callback);
  void cancel(TimerId timer);

  // Any thread: callback runs on the loop's thread in its next turn.
  void post(Callback callback);

  // Blocks the signal in this thread, and so in every thread started later, and hands it to
  // callback. Before other threads start.
  [[nodiscard]] Status on_signal(int number, std::function<void(int number)> callback);

 private:
  struct Watch {
    std::uint32_t generation;
    ReadyCallback callback;
  };
  struct Bell {
    EventDoorbell* bell;
    Callback callback;
  };

  Loop(Fd epoll, Fd timer, Fd wake);

  [[nodiscard]] Status add_own(int fd);
  bool listen_to_bells();
  void follow_fork();
  void set_alarm(Instant at);
  void wait(Instant deadline, bool at_once);
  void run_timers();
  void dispatch();
  void answer_bells();
  void take_signals();
  void run_posted();

  Fd epoll_, timer_, wake_, signals_;
  sigset_t signal_set_{};
  pid_t process_ = 0;  // whose signals the epoll set listens to
  std::map<int, std::function<void(int)>> signal_callbacks_;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::vector<std::shared_ptr<Bell>> bells_;
  std::map<std::pair<Instant, TimerId>, Callback> timers_;
  std::map<TimerId, Instant> timer_times_;
  std::uint32_t last_generation_ = 0;
  TimerId last_timer_ = 0;
  Instant alarm_ = Instant::max();
  Instant now_;
  WallTime wall_;

  struct Event {
    int fd;
    std::uint32_t generation;
    unsigned ready;
  };
  std::vector<Event> events_;

  std::mutex posted_lock_;
  std::vector<Callback> posted_;
};

// A peer that has gone away must not end the process.
void ignore_broken_pipes();

}  // namespace adit::system
