#include "system/loop.h"

#include <csignal>
#include <sys/eventfd.h>

#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    from = Fd(ends[0]);
    to = Fd(ends[1]);
  }
  void put() { EXPECT_EQ(::write(to.get(), "x", 1), 1); }
  void take() {
    char byte;
    EXPECT_EQ(::read(from.get(), &byte, 1), 1);
  }
  Fd from, to;
};

TEST(LoopTimers, run_in_the_order_of_their_times) {
  const auto loop = make_loop();
  std::string order;
  loop->at(loop->now() + 3ms, [&] { order += 'c'; });
  loop->at(loop->now() + 1ms, [&] { order += 'a'; });
  loop->at(loop->now() + 2ms, [&] { order += 'b'; });
  EXPECT_TRUE(run_until(*loop, [&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abc");
}

TEST(LoopTimers, never_run_early) {
  const auto loop = make_loop();
  const Instant due = loop->now() + 5ms;
  Instant ran;
  loop->at(due, [&] { ran = loop->now(); });
  EXPECT_TRUE(run_until(*loop, [&] { return ran != Instant(); }));
  EXPECT_GE(ran, due);
}

TEST(LoopTimers, do_not_run_once_cancelled) {
  const auto loop = make_loop();
  bool ran = false, other = false;
  const TimerId timer = loop->at(loop->now() + 1ms, [&] { ran = true; });
  loop->at(loop->now() + 2ms, [&] { other = true; });
  loop->cancel(timer);
  loop->cancel(timer);
  loop->cancel(0);
  EXPECT_TRUE(run_until(*loop, [&] { return other; }));
  EXPECT_FALSE(ran);
}

TEST(LoopTimers, cancelled_by_another_of_the_same_turn_do_not_run) {
  const auto loop = make_loop();
  TimerId second = 0;
  bool ran = false, done = false;
  loop->at(loop->now(), [&] { loop->cancel(second); });
  second = loop->at(loop->now(), [&] { ran = true; });
  loop->at(loop->now(), [&] { done = true; });
  EXPECT_TRUE(run_until(*loop, [&] { return done; }));
  EXPECT_FALSE(ran);
}

TEST(LoopTimers, started_by_a_timer_wait_for_the_next_turn) {
  const auto loop = make_loop();
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    loop->at(loop->now(), again);
  };
  again();
  loop->run_once(Instant::max());
  EXPECT_EQ(runs, 2);
  loop->run_once(Instant::max());
  EXPECT_EQ(runs, 3);
}

TEST(LoopTurn, ends_at_the_deadline_when_nothing_happens) {
  const auto loop = make_loop();
  const Instant deadline = monotonic_now() + 5ms;
  while (loop->now() < deadline) loop->run_once(deadline);
  EXPECT_LT(loop->now() - deadline, 5s);
}

TEST(LoopTurn, does_not_wait_for_a_deadline_that_has_passed) {
  const auto loop = make_loop();
  const Instant begin = monotonic_now();
  loop->run_once(Instant::min());
  loop->run_once(begin);
  EXPECT_LT(monotonic_now() - begin, 5s);
}

TEST(LoopTurn, keeps_time_still) {
  const auto loop = make_loop();
  Pipe pipe;
  Instant before, after;
  ASSERT_TRUE(loop->watch(pipe.from.get(), ready::to_read, [&](unsigned) {
    before = loop->now();
    eventually([&] { return monotonic_now() > before + 2ms; });
    after = loop->now();
    pipe.take();
  }));
  pipe.put();
  loop->run_once(Instant::max());
  EXPECT_NE(before, Instant());
  EXPECT_EQ(before, after);
}

TEST(LoopWatch, tells_what_a_descriptor_is_ready_for) {
  const auto loop = make_loop();
  Pipe pipe;
  unsigned read_end = 0, write_end = 0;
  ASSERT_TRUE(loop->watch(pipe.from.get(), ready::to_read, [&](unsigned bits) {
    read_end |= bits;
    loop->unwatch(pipe.from.get());
  }));
  ASSERT_TRUE(loop->watch(pipe.to.get(), ready::to_write, [&](unsigned bits) {
    write_end |= bits;
    pipe.put();
    loop->unwatch(pipe.to.get());
  }));
  EXPECT_TRUE(run_until(*loop, [&] { return read_end != 0; }));
  EXPECT_EQ(read_end, ready::to_read);
  EXPECT_EQ(write_end, ready::to_write);
}

TEST(LoopWatch, is_silent_after_interest_was_taken_away) {
  const auto loop = make_loop();
  Pipe pipe;
  int calls = 0;
  ASSERT_TRUE(loop->watch(pipe.from.get(), ready::to_read, [&](unsigned) { ++calls; }));
  pipe.put();
  loop->change_interest(pipe.from.get(), 0);
  loop->run_once(Instant::min());
  EXPECT_EQ(calls, 0);
  loop->change_interest(pipe.from.get(), ready::to_read);
  loop->run_once(Instant::max());
  EXPECT_EQ(calls, 1);
}

TEST(LoopWatch, of_one_descriptor_may_end_another_of_the_same_turn) {
  const auto loop = make_loop();
  Pipe one, other;
  int calls = 0;
  const auto only_me = [&](int mine, int theirs) {
    return [&, mine, theirs](unsigned) {
      ++calls;
      loop->unwatch(theirs);
      loop->unwatch(mine);
    };
  };
  const int a = one.from.get(), b = other.from.get();
  ASSERT_TRUE(loop->watch(a, ready::to_read, only_me(a, b)));
  ASSERT_TRUE(loop->watch(b, ready::to_read, only_me(b, a)));
  one.put();
  other.put();
  loop->run_once(Instant::max());
  EXPECT_EQ(calls, 1);
}

TEST(LoopWatch, does_not_mistake_a_new_file_for_the_old_one_of_that_number) {
  const auto loop = make_loop();
  Pipe one, other;
  int fresh_calls = 0;
  const int number = other.from.get();
  // Whichever of the two comes first replaces the other by an idle file with the same number.
  const auto replace = [&](Pipe& victim) {
    const int old = victim.from.get();
    loop->unwatch(old);
    victim.from.reset();
    victim.from = Fd(eventfd(0, EFD_CLOEXEC));
    ASSERT_EQ(victim.from.get(), old);
    ASSERT_TRUE(loop->watch(old, ready::to_read, [&](unsigned) { ++fresh_calls; }));
  };
  bool replaced = false;
  ASSERT_TRUE(loop->watch(one.from.get(), ready::to_read, [&](unsigned) {
    if (!std::exchange(replaced, true)) replace(other);
  }));
  ASSERT_TRUE(loop->watch(number, ready::to_read, [&](unsigned) {
    if (!std::exchange(replaced, true)) replace(one);
  }));
  one.put();
  other.put();
  loop->run_once(Instant::max());
  EXPECT_TRUE(replaced);
  EXPECT_EQ(fresh_calls, 0);
}

TEST(LoopWatch, refuses_a_descriptor_that_is_not_open) {
  const auto loop = make_loop();
  const Status status = loop->watch(987654, ready::to_read, [](unsigned) {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, "cannot watch a descriptor: Bad file descriptor");
}

TEST(LoopPost, runs_a_function_of_another_thread_and_wakes_up_for_it) {
  const auto loop = make_loop();
  std::thread::id ran_on;
  std::thread other([&] { loop->post([&] { ran_on = std::this_thread::get_id(); }); });
  EXPECT_TRUE(run_until(*loop, [&] { return ran_on != std::thread::id(); }));
  other.join();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(LoopPost, from_within_a_posted_function_waits_for_the_next_turn) {
  const auto loop = make_loop();
  std::string order;
  loop->post([&] {
    order += '1';
    loop->post([&] { order += '2'; });
  });
  loop->run_once(Instant::max());
  EXPECT_EQ(order, "1");
  loop->run_once(Instant::max());
  EXPECT_EQ(order, "12");
}

TEST(LoopPost, loses_nothing_of_many_threads) {
  const auto loop = make_loop();
  constexpr int threads = 4, each = 1000;
  int count = 0;
  std::vector<std::thread> posters;
  for (int i = 0; i < threads; ++i) {
    posters.emplace_back([&] {
      for (int k = 0; k < each; ++k) loop->post([&] { ++count; });
    });
  }
  EXPECT_TRUE(run_until(*loop, [&] { return count == threads * each; }));
  for (std::thread& poster : posters) poster.join();
}

TEST(LoopBell, calls_back_after_a_ring_and_only_then) {
  const auto loop = make_loop();
  auto bell = EventDoorbell::create().value();
  int calls = 0;
  ASSERT_TRUE(loop->watch(*bell, [&] { ++calls; }));
  loop->run_once(Instant::min());
  EXPECT_EQ(calls, 0);
  bell->ring();
  bell->ring();
  loop->run_once(Instant::max());
  EXPECT_EQ(calls, 1);
  loop->run_once(Instant::min());
  loop->run_once(Instant::min());
  EXPECT_EQ(calls, 1);
}

TEST(LoopBell, rung_within_its_own_callback_calls_back_again) {
  const auto loop = make_loop();
  auto bell = EventDoorbell::create().value();
  int calls = 0;
  ASSERT_TRUE(loop->watch(*bell, [&] {
    if (++calls < 3) bell->ring();
  }));
  bell->ring();
  EXPECT_TRUE(run_until(*loop, [&] { return calls == 3; }));
}

TEST(LoopBell, wakes_the_loop_from_another_thread_every_time) {
  const auto loop = make_loop();
  auto bell = EventDoorbell::create().value();
  constexpr int rings = 2000;
  std::atomic<int> produced{0};
  int seen = 0;
  ASSERT_TRUE(loop->watch(*bell, [&] { seen = produced.load(); }));
  std::thread ringer([&] {
    for (int i = 0; i < rings; ++i) {
      produced.fetch_add(1);
      bell->ring();
    }
  });
  EXPECT_TRUE(run_until(*loop, [&] { return seen == rings; }));
  ringer.join();
}

TEST(LoopSignals, arrive_as_calls_on_the_loop) {
  EXPECT_EQ(in_child([] {
              const auto loop = make_loop();
              std::vector<int> got;
              const auto take = [&](int number) { got.push_back(number); };
              ASSERT_TRUE(loop->on_signal(SIGUSR1, take));
              ASSERT_TRUE(loop->on_signal(SIGTERM, take));
              raise(SIGTERM);
              EXPECT_TRUE(got.empty());
              EXPECT_TRUE(run_until(*loop, [&] { return got.size() == 1; }));
              kill(getpid(), SIGUSR1);
              EXPECT_TRUE(run_until(*loop, [&] { return got.size() == 2; }));
              EXPECT_EQ(got, (std::vector{SIGTERM, SIGUSR1}));
            }),
            0);
}

TEST(LoopSignals, arrive_in_a_process_that_became_a_daemon_after_it_asked_for_them) {
  EXPECT_EQ(in_child([] {
              const auto loop = make_loop();
              int got = 0;
              ASSERT_TRUE(loop->on_signal(SIGTERM, [&](int number) { got = number; }));
              EXPECT_EQ(in_child([&] {
                          loop->run_once(Instant::min());
                          kill(getpid(), SIGTERM);
                          EXPECT_TRUE(run_until(
                              *loop, [&] { return got == SIGTERM; }, 2s));
                        }),
                        0);
            }),
            0);
}

}  // namespace
}  // namespace adit::system
