#include "system/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "base/assert.h"
#include "system/clock.h"
#include "system/kernel_error.h"

namespace adit::system {

namespace {

constexpr std::size_t events_per_turn = 64;
constexpr std::uint32_t own_generation = 0;  // the loop's own descriptors

std::uint64_t tag(int fd, std::uint32_t generation) {
  return (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
}

std::uint32_t epoll_bits(unsigned interest) {
  std::uint32_t bits = 0;
  if ((interest & ready::to_read) != 0) bits |= EPOLLIN;
  if ((interest & ready::to_write) != 0) bits |= EPOLLOUT;
  return bits;
}

unsigned ready_bits(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return ready::to_read | ready::to_write;
  unsigned bits = 0;
  if ((events & EPOLLIN) != 0) bits |= ready::to_read;
  if ((events & EPOLLOUT) != 0) bits |= ready::to_write;
  return bits;
}

int control(int epoll, int operation, int fd, std::uint32_t events, std::uint32_t generation) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(fd, generation);
  return epoll_ctl(epoll, operation, fd, &event);
}

void drain(int fd) {
  std::uint64_t count = 0;
  while (::read(fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create() {
  Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  // Unlike epoll's own timeout this clock goes on while the machine sleeps.
  Fd timer(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  Fd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!epoll || !timer || !wake) return kernel_refused(errno, "cannot make the event loop");
  std::unique_ptr<Loop> loop(new Loop(std::move(epoll), std::move(timer), std::move(wake)));
  for (const int fd : {loop->timer_.get(), loop->wake_.get()}) {
    if (Status added = loop->add_own(fd); !added) return fail_with(added.error());
  }
  return loop;
}

Loop::Loop(Fd epoll, Fd timer, Fd wake)
    : epoll_(std::move(epoll)),
      timer_(std::move(timer)),
      wake_(std::move(wake)),
      now_(monotonic_now()),
      wall_(wall_now()) {
  sigemptyset(&signal_set_);
}

Loop::~Loop() {
  if (signals_) pthread_sigmask(SIG_UNBLOCK, &signal_set_, nullptr);
}

Status Loop::add_own(int fd) {
  if (control(epoll_.get(), EPOLL_CTL_ADD, fd, EPOLLIN, own_generation) == 0) return {};
  return kernel_refused(errno, "cannot watch a descriptor of the event loop");
}

void Loop::run_once(Instant deadline) {
  follow_fork();
  const bool rung = listen_to_bells();
  if (!timers_.empty()) deadline = std::min(deadline, timers_.begin()->first.first);
  wait(deadline, rung);
  now_ = monotonic_now();
  wall_ = wall_now();
  run_timers();
  dispatch();
  answer_bells();
  run_posted();
}

bool Loop::run_only(int fd, unsigned interest, Instant deadline) {
  follow_fork();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      std::max(deadline - monotonic_now(), Duration(0)));
  short wanted = 0;
  if ((interest & ready::to_read) != 0) wanted |= POLLIN;
  if ((interest & ready::to_write) != 0) wanted |= POLLOUT;
  std::array<pollfd, 2> places{{{fd, wanted, 0}, {signals_ ? signals_.get() : -1, POLLIN, 0}}};
  constexpr std::chrono::milliseconds longest = std::chrono::hours(1);
  if (poll(places.data(), places.size(), static_cast<int>(std::min(left, longest).count())) <= 0) {
    return false;
  }
  if (places[1].revents != 0) take_signals();
  const auto found = watches_.find(fd);
  if (places[0].revents == 0 || found == watches_.end()) return true;
  const std::shared_ptr<Watch> keep = found->second;
  keep->callback(ready_bits(static_cast<std::uint32_t>(places[0].revents)));
  return true;
}

// Descriptors.

Status Loop::watch(int fd, unsigned interest, ReadyCallback callback) {
  const std::uint32_t generation = ++last_generation_;
  if (control(epoll_.get(), EPOLL_CTL_ADD, fd, epoll_bits(interest), generation) != 0) {
    return kernel_refused(errno, "cannot watch a descriptor");
  }
  watches_[fd] = std::make_shared<Watch>(Watch{generation, std::move(callback)});
  return {};
}

void Loop::change_interest(int fd, unsigned interest) {
  const auto found = watches_.find(fd);
  ADIT_ASSERT(found != watches_.end());
  control(epoll_.get(), EPOLL_CTL_MOD, fd, epoll_bits(interest), found->second->generation);
}

void Loop::unwatch(int fd) {
  if (watches_.erase(fd) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::dispatch() {
  for (const Event& event : events_) {
    if (event.generation == own_generation) {
      if (event.fd == signals_.get()) {
        take_signals();
      } else {
        drain(event.fd);
      }
      continue;
    }
    // An earlier callback of this turn may have unwatched it, or watched a new file of this number.
    const auto found = watches_.find(event.fd);
    if (found == watches_.end() || found->second->generation != event.generation) continue;
    const std::shared_ptr<Watch> keep = found->second;
    keep->callback(event.ready);
  }
  events_.clear();
}

// Sleeping.

void Loop::set_alarm(Instant at) {
  if (at == alarm_) return;
  alarm_ = at;
  itimerspec time{};
  if (at != Instant::max()) {
    const auto since_boot = at.time_since_epoch();
    time.it_value.tv_sec = whole_seconds(at);
    time.it_value.tv_nsec = (since_boot % std::chrono::seconds(1)).count();
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &time, nullptr);
}

void Loop::wait(Instant deadline, bool at_once) {
  at_once = at_once || deadline <= monotonic_now();
  if (!at_once) set_alarm(deadline);
  std::array<epoll_event, events_per_turn> events;
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), at_once ? 0 : -1);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    events_.push_back({static_cast<int>(event.data.u64 & 0xFFFFFFFF),
                       static_cast<std::uint32_t>(event.data.u64 >> 32), ready_bits(event.events)});
  }
}

// Timers.

TimerId Loop::at(Instant when, Callback callback) {
  const TimerId id = ++last_timer_;
  timers_.emplace(std::pair(when, id), std::move(callback));
  timer_times_.emplace(id, when);
  return id;
}

void Loop::cancel(TimerId timer) {
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, timer});
  timer_times_.erase(found);
}

// A timer started by a callback waits for the next turn, so that a turn ends.
void Loop::run_timers() {
  const TimerId newest = last_timer_;
  for (auto next = timers_.begin(); next != timers_.end() && next->first.first <= now_;) {
    if (next->first.second > newest) {
      ++next;
      continue;
    }
    const Callback callback = std::move(next->second);
    timer_times_.erase(next->first.second);
    timers_.erase(next);
    callback();
    next = timers_.begin();
  }
}

// Doorbells.

Status Loop::watch(EventDoorbell& bell, Callback callback) {
  if (Status added = add_own(bell.fd()); !added) return added;
  bells_.push_back(std::make_shared<Bell>(Bell{&bell, std::move(callback)}));
  return {};
}

void Loop::unwatch(EventDoorbell& bell) {
  std::erase_if(bells_, [&](const auto& known) { return known->bell == &bell; });
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, bell.fd(), nullptr);
}

bool Loop::listen_to_bells() {
  bool rung = false;
  for (const auto& known : bells_) rung |= !known->bell->may_sleep();
  return rung;
}

void Loop::answer_bells() {
  const auto bells = bells_;
  for (const auto& known : bells) {
    if (std::ranges::find(bells_, known) == bells_.end()) continue;
    if (known->bell->may_sleep()) continue;
    known->bell->awake();
    known->callback();
  }
}

// Other threads and signals.

void Loop::post(Callback callback) {
  const std::lock_guard lock(posted_lock_);
  posted_.push_back(std::move(callback));
  if (posted_.size() == 1) eventfd_write(wake_.get(), 1);
}

void Loop::run_posted() {
  std::vector<Callback> posted;
  {
    const std::lock_guard lock(posted_lock_);
    posted.swap(posted_);
  }
  for (const Callback& callback : posted) callback();
}

Status Loop::on_signal(int number, std::function<void(int)> callback) {
  sigaddset(&signal_set_, number);
  pthread_sigmask(SIG_BLOCK, &signal_set_, nullptr);
  const int fd = signalfd(signals_.get(), &signal_set_, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return kernel_refused(errno, "cannot receive signals");
  if (!signals_) {
    signals_ = Fd(fd);
    process_ = getpid();
    if (Status added = add_own(fd); !added) return added;
  }
  signal_callbacks_[number] = std::move(callback);
  return {};
}

// An epoll set goes on listening to the signals of the process that filled it: after a fork to
// become a daemon that would be the parent's.
void Loop::follow_fork() {
  if (!signals_ || process_ == getpid()) return;
  process_ = getpid();
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, signals_.get(), nullptr);
  static_cast<void>(add_own(signals_.get()));
}

void Loop::take_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const int number = static_cast<int>(info.ssi_signo);
    const auto callback = signal_callbacks_.at(number);
    callback(number);
  }
}

void ignore_broken_pipes() { signal(SIGPIPE, SIG_IGN); }

}  // namespace adit::system
