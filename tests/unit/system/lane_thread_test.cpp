#include "system/lane_thread.h"

#include <csignal>
#include <fstream>
#include <sched.h>
#include <sys/eventfd.h>

#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

std::unique_ptr<EventDoorbell> make_bell() { return EventDoorbell::create().value(); }

TEST(LaneThread, takes_turns_while_there_is_work_and_then_sleeps) {
  const auto bell = make_bell();
  std::atomic<int> work{1000}, turns{0};
  auto lane = LaneThread::start({"adit-up",
                                 {},
                                 [&](Instant, WallTime) {
                                   ++turns;
                                   return work.load() > 0 && work.fetch_sub(1) > 0;
                                 },
                                 *bell});
  ASSERT_TRUE(lane);
  EXPECT_TRUE(eventually([&] { return work == 0 && turns > 1000; }));
  int before = turns;
  EXPECT_FALSE(eventually([&] { return turns > before + 1; }, 50ms));
  work = 10;
  bell->ring();
  EXPECT_TRUE(eventually([&] { return work == 0; }));
}

TEST(LaneThread, does_not_interrupt_others_where_the_kernel_tells_how_long_it_waits) {
  std::ifstream told("/proc/thread-self/schedstat");
  std::uint64_t ran = 0;
  if (!(told >> ran) || ran == 0) GTEST_SKIP() << "a kernel without schedstat";
  const auto bell = make_bell();
  std::atomic<bool> courteous{false};
  auto lane = LaneThread::start({"adit-up",
                                 {},
                                 [&](Instant, WallTime) {
                                   if (sched_getscheduler(0) == SCHED_BATCH) courteous = true;
                                   return !courteous;
                                 },
                                 *bell});
  ASSERT_TRUE(lane);
  EXPECT_TRUE(eventually([&] { return courteous.load(); }));
}

TEST(LaneThread, keeps_the_policy_that_somebody_has_chosen) {
  std::thread([] {
    const sched_param no_priority{};
    ASSERT_EQ(sched_setscheduler(0, SCHED_IDLE, &no_priority), 0);
    const auto bell = make_bell();
    std::atomic<bool> kept{true};
    std::atomic<int> turns{0};
    auto lane = LaneThread::start({"adit-up",
                                   {},
                                   [&](Instant, WallTime) {
                                     if (sched_getscheduler(0) != SCHED_IDLE) kept = false;
                                     std::this_thread::sleep_for(20ms);
                                     return ++turns < 10;
                                   },
                                   *bell});
    ASSERT_TRUE(lane);
    EXPECT_TRUE(eventually([&] { return turns >= 10; }));
    EXPECT_TRUE(kept);
  }).join();
}

TEST(LaneThread, tells_its_turns_the_time) {
  const auto bell = make_bell();
  std::atomic<bool> right{false};
  const Instant begin = monotonic_now();
  auto lane = LaneThread::start({"adit-up",
                                 {},
                                 [&](Instant now, WallTime wall) {
                                   right = now >= begin && wall.seconds > 1'600'000'000;
                                   return false;
                                 },
                                 *bell});
  EXPECT_TRUE(eventually([&] { return right.load(); }));
}

TEST(LaneThread, shows_that_a_turn_does_not_end) {
  const auto bell = make_bell();
  std::atomic<bool> stuck{true};
  auto lane = LaneThread::start({"adit-up",
                                 {},
                                 [&](Instant, WallTime) {
                                   while (stuck) std::this_thread::sleep_for(1ms);
                                   return 0;
                                 },
                                 *bell});
  ASSERT_TRUE(lane);
  ASSERT_TRUE(eventually([&] { return (*lane)->beat() == 1; }));
  EXPECT_FALSE(eventually([&] { return (*lane)->beat() != 1; }, 30ms));
  stuck = false;
  EXPECT_TRUE(eventually([&] { return (*lane)->beat() == 2; })) << "it sleeps now";
  bell->ring();
  EXPECT_TRUE(eventually([&] { return (*lane)->beat() >= 4 && (*lane)->beat() % 2 == 0; }));
}

// A peer that is refused is told why, and the lanes end right after.
TEST(LaneThread, takes_what_was_handed_over_before_it_was_stopped) {
  constexpr int rounds = 200;
  for (int i = 0; i < rounds; ++i) {
    const auto bell = make_bell();
    std::atomic<int> handed{0};
    auto lane = LaneThread::start(
        {"adit-up", {}, [&](Instant, WallTime) { return handed > 0 && handed-- > 0; }, *bell});
    ASSERT_TRUE(lane);
    handed = 16;
    (*lane)->stop();
    ASSERT_EQ(handed, 0);
  }
}

TEST(LaneThread, wakes_up_for_a_descriptor) {
  const auto bell = make_bell();
  const Fd event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  std::atomic<std::uint64_t> sum{0};
  auto lane = LaneThread::start({"adit-down",
                                 {event.get()},
                                 [&](Instant, WallTime) {
                                   eventfd_t value = 0;
                                   if (eventfd_read(event.get(), &value) != 0) return false;
                                   sum += value;
                                   return true;
                                 },
                                 *bell});
  for (std::uint64_t i = 1; i <= 200; ++i) {
    eventfd_write(event.get(), 1);
    ASSERT_TRUE(eventually([&] { return sum == i; }));
  }
}

TEST(LaneThread, looks_once_for_a_packet_where_the_lane_knows_that_it_is_drained) {
  const auto bell = make_bell();
  const Fd event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE));
  std::atomic<int> turns{0}, taken{0};
  std::atomic<bool> drained{true};
  LaneThread::Parts parts{"adit-down",
                          {event.get()},
                          [&](Instant, WallTime) {
                            ++turns;
                            eventfd_t value = 0;
                            if (eventfd_read(event.get(), &value) != 0) return false;
                            ++taken;
                            return true;
                          },
                          *bell};
  parts.is_drained = [&] { return drained.load(); };
  auto lane = LaneThread::start(std::move(parts));
  ASSERT_TRUE(lane);
  ASSERT_TRUE(eventually([&] { return (*lane)->beat() == 2; })) << "the first look";
  eventfd_write(event.get(), 3);
  ASSERT_TRUE(eventually([&] { return taken == 3; }));
  EXPECT_FALSE(eventually([&] { return turns > 4; }, 30ms));
  drained = false;
  eventfd_write(event.get(), 1);
  EXPECT_TRUE(eventually([&] { return turns == 6; })) << "one more, for what it may hold";
  EXPECT_EQ(taken, 4);
}

// Readable all the time, and left alone: it must not spin, and look again when the hold ends.
TEST(LaneThread, leaves_a_held_descriptor_alone_until_the_hold_ends) {
  const auto bell = make_bell();
  const Fd event(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  constexpr Duration pause = 20ms;
  std::atomic<int> turns{0}, taken{0};
  Instant open_at;
  const Instant begin = monotonic_now();
  auto lane = LaneThread::start({"adit-up",
                                 {event.get()},
                                 [&](Instant now, WallTime) -> std::size_t {
                                   ++turns;
                                   if (now < open_at) return 0;
                                   open_at = now + pause;
                                   ++taken;
                                   return 1;
                                 },
                                 *bell,
                                 {event.get(), [&] { return open_at; }}});
  ASSERT_TRUE(lane);
  ASSERT_TRUE(eventually([&] { return taken == 10; }));
  EXPECT_GE(monotonic_now() - begin, 9 * pause);
  (*lane)->stop();
  EXPECT_LE(turns, 2 * taken + 2);
}

TEST(LaneThread, hears_its_bell_and_other_descriptors_while_one_is_held) {
  const auto bell = make_bell();
  const Fd held(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)), other(eventfd(0, EFD_NONBLOCK));
  std::atomic<int> turns{0}, heard{0};
  auto lane = LaneThread::start({"adit-up",
                                 {held.get(), other.get()},
                                 [&](Instant, WallTime) -> std::size_t {
                                   ++turns;
                                   eventfd_t value = 0;
                                   if (eventfd_read(other.get(), &value) != 0) return 0;
                                   ++heard;
                                   return 1;
                                 },
                                 *bell,
                                 {held.get(), [&] { return monotonic_now() + 1h; }}});
  ASSERT_TRUE(eventually([&] { return turns == 1; }));
  EXPECT_FALSE(eventually([&] { return turns > 1; }, 50ms));
  for (int i = 1; i <= 50; ++i) {
    const int before = turns;
    bell->ring();
    ASSERT_TRUE(eventually([&] { return turns > before; }));
    eventfd_write(other.get(), 1);
    ASSERT_TRUE(eventually([&] { return heard == i; }));
  }
  const Instant begin = monotonic_now();
  (*lane)->stop();
  EXPECT_LT(monotonic_now() - begin, 500ms);
}

TEST(LaneThread, carries_its_name_and_leaves_signals_to_others) {
  const auto bell = make_bell();
  std::string name;
  bool blocked = false;
  std::atomic<bool> done{false};
  auto lane = LaneThread::start({"adit-down",
                                 {},
                                 [&](Instant, WallTime) {
                                   char text[16];
                                   pthread_getname_np(pthread_self(), text, sizeof text);
                                   name = text;
                                   sigset_t set;
                                   pthread_sigmask(SIG_SETMASK, nullptr, &set);
                                   blocked = sigismember(&set, SIGTERM) == 1 &&
                                             sigismember(&set, SIGCHLD) == 1;
                                   done = true;
                                   return false;
                                 },
                                 *bell});
  ASSERT_TRUE(eventually([&] { return done.load(); }));
  (*lane)->stop();
  EXPECT_EQ(name, "adit-down");
  EXPECT_TRUE(blocked);
  sigset_t ours;
  pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  EXPECT_EQ(sigismember(&ours, SIGTERM), 0);
}

TEST(LaneThread, stops_within_milliseconds_asleep_or_busy) {
  for (const bool busy : {false, true}) {
    const auto bell = make_bell();
    std::atomic<int> turns{0};
    auto lane = LaneThread::start({"adit-up",
                                   {},
                                   [&](Instant, WallTime) {
                                     ++turns;
                                     return busy;
                                   },
                                   *bell});
    ASSERT_TRUE(eventually([&] { return turns > 0; }));
    const Instant begin = monotonic_now();
    (*lane)->stop();
    EXPECT_LT(monotonic_now() - begin, 500ms) << "busy: " << busy;
    const int at_stop = turns;
    (*lane)->stop();
    EXPECT_EQ(turns, at_stop);
  }
}

TEST(LaneThread, starts_and_stops_again_and_again) {
  const auto bell = make_bell();
  std::atomic<int> turns{0};
  for (int i = 0; i < 200; ++i) {
    auto lane = LaneThread::start(
        {"adit-up", {}, [&](Instant, WallTime) { return ++turns % 3 != 0; }, *bell});
    ASSERT_TRUE(lane);
    bell->ring();
  }
  EXPECT_GE(turns, 0);
}

TEST(LaneThread, hears_every_ring_of_other_threads) {
  const auto bell = make_bell();
  std::atomic<std::uint64_t> queued{0}, taken{0};
  auto lane = LaneThread::start({"adit-up",
                                 {},
                                 [&](Instant, WallTime) {
                                   const auto now = queued.load();
                                   return taken.exchange(now) != now;
                                 },
                                 *bell});
  const auto ring_often = [&] {
    for (int i = 0; i < 20000; ++i) {
      ++queued;
      bell->ring();
    }
  };
  std::thread one(ring_often), other(ring_often);
  one.join();
  other.join();
  EXPECT_TRUE(eventually([&] { return taken == queued; }));
}

TEST(LaneThread, does_not_spin_on_a_descriptor_that_is_ready_but_gives_nothing) {
  const auto bell = make_bell();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Fd dead(ends[0]);
  Fd(ends[1]).reset();  // a hang-up for ever
  std::atomic<int> turns{0};
  auto lane = LaneThread::start({"adit-down",
                                 {dead.get()},
                                 [&](Instant, WallTime) {
                                   ++turns;
                                   return false;
                                 },
                                 *bell});
  ASSERT_TRUE(eventually([&] { return turns > 70; }));
  const int before = turns;
  EXPECT_FALSE(eventually([&] { return turns > before + 50; }, 100ms));
  const Instant begin = monotonic_now();
  (*lane)->stop();
  EXPECT_LT(monotonic_now() - begin, 500ms);
}

TEST(Doorbell, remembers_a_ring_while_its_thread_is_awake) {
  const auto bell = make_bell();
  bell->awake();
  EXPECT_TRUE(bell->may_sleep());
  EXPECT_TRUE(bell->may_sleep());
  bell->awake();
  bell->ring();
  EXPECT_FALSE(bell->may_sleep());
  bell->awake();
  EXPECT_TRUE(bell->may_sleep());
}

TEST(Doorbell, signals_its_descriptor_only_when_its_thread_sleeps) {
  const auto bell = make_bell();
  eventfd_t rings = 0;
  bell->awake();
  bell->ring();
  EXPECT_NE(eventfd_read(bell->fd(), &rings), 0);
  bell->awake();
  ASSERT_TRUE(bell->may_sleep());
  bell->ring();
  bell->ring();
  EXPECT_EQ(eventfd_read(bell->fd(), &rings), 0);
  EXPECT_EQ(rings, 1u);
}

}  // namespace
}  // namespace adit::system
