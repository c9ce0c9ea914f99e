#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "system/doorbell.h"
#include "system/pace.h"

namespace adit::system {

// A thread that drives one or two lanes: it takes turns until a turn says that there was nothing,
// then sleeps until a descriptor is readable or the bell rings, or a hold ends. At high rates of
// single packets it rests between turns (Pace). Who runs is not interrupted for it (Courtesy).
class LaneThread {
 public:
  struct Parts {
    std::string name;      // "adit-up", "adit-down"
    std::vector<int> fds;  // what the lanes read from, or epoll sets of it
    // One bounded turn. Returns about how many packets it moved; 0: everything was drained. Runs on
    // the new thread only.
    std::function<std::size_t(Instant now, WallTime wall)> turn;
    EventDoorbell& bell;  // outlives the thread; nobody else sleeps behind it
    // For a lane that may leave alone what it could read. After a turn that moved nothing: until
    // when, then fd, one of fds, wakes nobody. Runs on the new thread only.
    struct Hold {
      int fd = -1;
      std::function<Instant()> until = nullptr;
    };
    Hold hold = {};
    // After a turn: whether what is left, if anything, makes a descriptor readable or rings the
    // bell. Then the thread need not look again before it sleeps. Runs on the new thread only.
    std::function<bool()> is_drained = nullptr;
    // Of the lanes, for Pace. Runs on the new thread only.
    std::function<Pace::Traffic()> traffic = nullptr;
  };
  [[nodiscard]] static Result<std::unique_ptr<LaneThread>> start(Parts parts);
  ~LaneThread() { stop(); }
  LaneThread(const LaneThread&) = delete;
  LaneThread& operator=(const LaneThread&) = delete;

  // Waits until a turn moves nothing (a bounded number of them), so that what control handed to the
  // lanes before, its last words perhaps, still leaves. Afterwards the lanes belong to the caller.
  void stop();

  // Odd while a turn is in progress, and another number in every turn: asked twice, with time in
  // between, it tells whether the thread is stuck. Any thread.
  [[nodiscard]] std::uint64_t beat() const { return beat_.load(std::memory_order_relaxed); }

 private:
  explicit LaneThread(Parts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] Status watch_everything();
  void run();
  std::size_t take_turn(Instant now);
  [[nodiscard]] bool is_drained() const { return parts_.is_drained && parts_.is_drained(); }
  void sleep(unsigned fruitless);
  void sleep_without_held(Duration most);

  Parts parts_;
  Fd epoll_;
  std::vector<pollfd> others_;  // the bell, and what may not be held
  std::atomic<bool> stopping_{false};
  alignas(64) std::atomic<std::uint64_t> beat_{0};
  std::thread thread_;
};

}  // namespace adit::system
