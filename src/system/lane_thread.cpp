#include "system/lane_thread.h"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

#include "system/clock.h"
#include "system/kernel_error.h"
#include "system/scheduling.h"
#include "system/thread.h"

namespace adit::system {

namespace {

// A descriptor that is ready for good but gives nothing (its device was deleted) must not eat a
// core: after so many wake-ups for nothing the thread looks only now and then.
constexpr unsigned fruitless_turns = 64;
constexpr int pause_ms = 20;

constexpr std::size_t lane_events = 8;

// After so many packets nothing is the most likely to follow.
constexpr std::size_t few = 4;

// When stopped: as many as everything takes that control can have handed to a lane.
constexpr int most_last_turns = 32;

void rest(Duration length) {
  const timespec time{0, std::chrono::nanoseconds(length).count()};
  nanosleep(&time, nullptr);
}

}  // namespace

Result<std::unique_ptr<LaneThread>> LaneThread::start(Parts parts) {
  std::unique_ptr<LaneThread> lane(new LaneThread(std::move(parts)));
  if (Status watched = lane->watch_everything(); !watched) return fail_with(watched.error());
  auto thread = start_thread(lane->parts_.name, [raw = lane.get()] { raw->run(); });
  if (!thread) return fail_with(std::move(thread.error()));
  lane->thread_ = std::move(*thread);
  return lane;
}

Status LaneThread::watch_everything() {
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return kernel_refused(errno, "cannot prepare the thread " + parts_.name);
  std::vector<int> fds = parts_.fds;
  fds.insert(fds.begin(), parts_.bell.fd());
  for (const int fd : fds) {
    if (fd != parts_.hold.fd) others_.push_back({fd, POLLIN, 0});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return kernel_refused(errno, "cannot watch a descriptor in the thread " + parts_.name);
    }
  }
  return {};
}

void LaneThread::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  parts_.bell.ring();
  thread_.join();
}

void LaneThread::run() {
  unsigned fruitless = 0;
  Pace pace;
  Scheduling scheduling;
  // The kernel may otherwise let a rest last half as long again.
  prctl(PR_SET_TIMERSLACK, 1000UL);
  for (;;) {
    parts_.bell.awake();
    if (stopping_.load(std::memory_order_acquire)) break;
    const Instant now = monotonic_now();
    const std::size_t moved = take_turn(now);
    if (moved > 0) {
      fruitless = 0;
      scheduling.after_turn(now);
      const Duration length =
          pace.after_turn(moved, parts_.traffic ? parts_.traffic() : Pace::Traffic{}, now);
      if (length > Duration::zero()) {
        rest(length);
      } else if (moved <= few && is_drained() && parts_.bell.may_sleep()) {
        sleep(fruitless);
      }
    } else if (parts_.bell.may_sleep()) {
      const Instant until = parts_.hold.until ? parts_.hold.until() : Instant::min();
      if (until > now) {
        sleep_without_held(until - now);
      } else {
        sleep(++fruitless);
      }
    }
  }
  for (int left = most_last_turns; left > 0 && take_turn(monotonic_now()) > 0; --left) {
  }
}

std::size_t LaneThread::take_turn(Instant now) {
  const std::uint64_t beat = beat_.load(std::memory_order_relaxed);
  beat_.store(beat + 1, std::memory_order_relaxed);
  const std::size_t moved = parts_.turn(now, wall_now());
  beat_.store(beat + 2, std::memory_order_relaxed);
  return moved;
}

void LaneThread::sleep(unsigned fruitless) {
  if (fruitless > fruitless_turns) {
    pollfd bell{parts_.bell.fd(), POLLIN, 0};
    poll(&bell, 1, pause_ms);
  }
  std::array<epoll_event, lane_events> events;
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    if (events[static_cast<std::size_t>(i)].data.fd == parts_.bell.fd()) parts_.bell.answered();
  }
}

void LaneThread::sleep_without_held(Duration most) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(most);
  const timespec limit{whole.count(), (most - whole).count()};
  if (ppoll(others_.data(), others_.size(), &limit, nullptr) > 0 && others_[0].revents != 0) {
    parts_.bell.answered();
  }
}

}  // namespace adit::system
