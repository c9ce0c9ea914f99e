#include "session/path_mtu.h"

#include <map>

#include <gtest/gtest.h>

#include "ip/echo.h"
#include "ip/inner_packet.h"
#include "tests/sim/fakes.h"
#include "wire/inside_message.h"

namespace adit::session {
namespace {

using namespace std::chrono_literals;
using State = PathMtu::State;

// A peer at the far end of a path, in virtual time.
class Road {
 public:
  Road() {
    setup_.frame.cipher = crypto::find_cipher("AES-256-GCM");
    setup_.at_once = true;
  }

  void begin() { finder.start(setup_, traffic, now); }
  // The peer answers echo requests at least at its second address.
  void give_echo_ways() {
    setup_.echo_ways = {{*ip::Address::parse("10.8.0.1"), *ip::Address::parse("10.8.0.2")},
                        {*ip::Address::parse("fd00::1"), *ip::Address::parse("fd00::2")}};
    setup_.echo_mark = 0xABCDEF0123456789u;
  }
  void leave_only_echoes() {
    give_echo_ways();
    answers = false;
  }
  // Runs for a while; a user's packet passes every 100 ms if the tunnel is in use.
  void pass(Duration time) {
    const Instant end = now + time;
    while (now < end) {
      deliver();
      finder.tick(traffic, now);
      for (const Buffer& probe : finder.take_probes()) send(probe);
      if (finder.take_news()) ++news;
      const Instant next = arrivals_.empty() ? Instant::max() : arrivals_.begin()->first;
      now = std::min({end, finder.deadline().at, next, now + 100ms});
      if (in_use) traffic.inside_bytes += bytes_at_once;
    }
  }
  [[nodiscard]] Instant begun() const { return Instant(1h); }

  PathMtu finder;
  PathMtu::Traffic traffic;
  Instant now{1h};
  unsigned up = 1500, down = 1500;  // what the path lets through
  int answers_shorter_by = 0;
  bool answers = true;
  bool echoes4 = false, echoes6 = false;
  bool in_use = false;
  std::uint64_t bytes_at_once = 1;
  double loss = 0;
  Duration delay = 10ms;  // one way
  unsigned sent = 0, news = 0, echoes_sent = 0;
  std::size_t largest_probe = 0;

 private:
  bool lost() {
    state_ = state_ * 1664525u + 1013904223u;
    return (state_ >> 8) % 1000 < loss * 1000;
  }
  void send(const Buffer& probe) {
    ++sent;
    if (ip::look(probe)) return send_echo(probe);
    const unsigned outer = outer_size(setup_.frame, static_cast<unsigned>(probe.size()));
    largest_probe = std::max(largest_probe, probe.size());
    if (!answers || outer > up || lost()) return;
    const auto question = wire::decode_occ(probe);
    ASSERT_TRUE(question && question->type == 2 && question->rest.size() >= 2);
    const int bytes = load_u16(question->rest.data()) - answers_shorter_by;
    const Buffer answer = wire::encode_occ(
        wire::OccType::mtu_load, Buffer(static_cast<std::size_t>(std::max(bytes, 17)) - 17));
    if (outer_size(setup_.frame, static_cast<unsigned>(answer.size())) > down || lost()) return;
    arrivals_.emplace(now + 2 * delay, answer);
  }
  void send_echo(const Buffer& request) {
    ++echoes_sent;
    const unsigned outer = outer_size(setup_.frame, static_cast<unsigned>(request.size()));
    const bool v4 = request[0] >> 4 == 4;
    if (!(v4 ? echoes4 : echoes6) || outer > std::min(up, down) || lost()) return;
    arrivals_.emplace(now + 2 * delay, *sim::echo_answer(request));
  }
  void take(const Buffer& arrived) {
    if (!ip::look(arrived)) return finder.answered(arrived, now);
    const auto sequence = ip::answer_to(finder.echo_mark(), arrived);
    if (sequence) finder.echoed(*sequence, arrived.size(), now);
  }
  void deliver() {
    while (!arrivals_.empty() && arrivals_.begin()->first <= now) {
      take(arrivals_.begin()->second);
      arrivals_.erase(arrivals_.begin());
    }
  }

  PathMtu::Setup setup_;
  std::multimap<Instant, Buffer> arrivals_;
  unsigned state_ = 7;
};

void expect_found(const Road& road, unsigned up, unsigned down) {
  EXPECT_EQ(road.finder.state(), State::settled);
  EXPECT_LE(road.finder.found().up, up);
  EXPECT_GE(road.finder.found().up + 4, up);
  EXPECT_LE(road.finder.found().down, down);
  EXPECT_GE(road.finder.found().down + 4, down);
}

TEST(PathMtu, finds_both_ways_within_a_second) {
  for (unsigned up = 1200; up <= 1500; up += 13) {
    for (unsigned down = 1200; down <= 1500; down += 31) {
      Road road;
      road.up = up;
      road.down = down;
      road.begin();
      road.pass(1s);
      expect_found(road, up, down);
      EXPECT_LT(road.sent, 80u);
      EXPECT_LE(road.news, 3u);
    }
  }
}

TEST(PathMtu, a_wide_path_takes_two_round_trips) {
  Road road;
  road.up = 9000;
  road.begin();
  road.pass(45ms);
  EXPECT_TRUE(road.finder.all_fits_up());
  EXPECT_EQ(road.finder.found().down, 1500u) << "larger is of no use to anybody";
}

TEST(PathMtu, learns_how_the_peer_counts) {
  for (const int shorter : {-20, 0, 1, 17, 53, 100}) {
    Road road;
    road.answers_shorter_by = shorter;
    road.up = 1300;
    road.down = 1400;
    road.begin();
    road.pass(2s);
    expect_found(road, 1300, 1400);
  }
}

TEST(PathMtu, takes_no_load_that_comes_by_itself_for_an_answer) {
  Road road;
  road.up = 1300;
  road.begin();
  road.pass(5ms);
  road.finder.answered(Buffer(1400), road.now);
  EXPECT_EQ(road.finder.state(), State::asking);
  road.pass(1s);
  expect_found(road, 1300, 1500);
}

TEST(PathMtu, waits_for_the_peer_when_it_may_have_no_keys) {
  Road road;
  PathMtu::Setup setup;
  setup.frame.cipher = crypto::find_cipher("AES-256-GCM");
  road.finder.start(setup, road.traffic, road.now);
  road.pass(5s);
  EXPECT_EQ(road.sent, 0u);
  ++road.traffic.received_packets;
  road.finder.heard(road.now);
  road.pass(1s);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, looks_for_the_peer_by_itself_when_nobody_tells) {
  Road road;
  PathMtu::Setup setup;
  setup.frame.cipher = crypto::find_cipher("AES-256-GCM");
  road.finder.start(setup, road.traffic, road.now);
  road.pass(60s);
  ++road.traffic.received_packets;
  road.pass(11s);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, a_peer_that_does_not_answer_is_left_alone) {
  Road road;
  road.answers = false;
  road.begin();
  road.pass(15s);
  EXPECT_EQ(road.finder.state(), State::silent);
  EXPECT_EQ(road.finder.found(), PathMtu::Found{});
  EXPECT_EQ(road.news, 1u);
  EXPECT_EQ(road.sent, 5u);
  EXPECT_EQ(road.finder.deadline().at, Instant::max());
}

TEST(PathMtu, finds_by_echo_what_a_silent_peer_does_not_tell) {
  for (unsigned path = 1200; path <= 1500; path += 20) {
    for (const bool v6 : {false, true}) {
      Road road;
      road.leave_only_echoes();
      (v6 ? road.echoes6 : road.echoes4) = true;
      road.up = path;
      road.begin();
      road.pass(1s + 300ms);
      expect_found(road, path, path);
      EXPECT_TRUE(road.finder.found_by_echo());
      EXPECT_LT(road.sent, 80u);
    }
  }
}

TEST(PathMtu, an_echo_tells_of_the_narrower_way) {
  Road road;
  road.leave_only_echoes();
  road.echoes4 = road.echoes6 = true;
  road.up = 1400;
  road.down = 1300;
  road.begin();
  road.pass(2s);
  expect_found(road, 1300, 1300);
}

TEST(PathMtu, a_peer_that_answers_questions_is_sent_no_echoes) {
  Road road;
  road.give_echo_ways();
  road.echoes4 = road.echoes6 = true;
  road.in_use = true;
  road.up = 1300;
  EXPECT_EQ(road.finder.echo_mark(), 0u);
  road.begin();
  EXPECT_NE(road.finder.echo_mark(), 0u);
  road.pass(1min);
  EXPECT_EQ(road.echoes_sent, 0u);
  EXPECT_FALSE(road.finder.found_by_echo());
  EXPECT_EQ(road.finder.echo_mark(), 0u) << "nobody's answers are ours any more";
}

TEST(PathMtu, notices_by_echo_that_the_path_shrinks_and_widens) {
  Road road;
  road.leave_only_echoes();
  road.echoes4 = true;
  road.in_use = true;
  road.begin();
  road.pass(10s);
  expect_found(road, 1500, 1500);
  road.up = 1280;
  road.pass(6s);
  expect_found(road, 1280, 1280);
  road.up = 1500;
  road.pass(11min);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, a_peer_that_answers_nothing_at_all_is_silent) {
  Road road;
  road.leave_only_echoes();
  road.begin();
  road.pass(15s);
  EXPECT_EQ(road.finder.state(), State::silent);
  EXPECT_EQ(road.finder.echo_mark(), 0u);
  EXPECT_EQ(road.sent, 5u + 2 * 4);
}

TEST(PathMtu, takes_no_echo_for_more_than_came) {
  Road road;
  road.leave_only_echoes();
  road.echoes4 = true;
  road.up = 1300;
  road.begin();
  road.pass(320ms);
  ASSERT_TRUE(road.finder.state() == State::searching || road.finder.state() == State::asking);
  for (unsigned sequence = 0; sequence < 70000; sequence += 3) {
    road.finder.echoed(sequence, 0, road.now);
    road.finder.echoed(sequence, 301, road.now);
  }
  road.pass(3s);
  expect_found(road, 1300, 1300);
  EXPECT_LE(road.largest_probe, 1500u);
}

TEST(PathMtu, a_peer_that_falls_silent_in_the_search_is_asked_on) {
  Road road;
  road.leave_only_echoes();
  road.echoes4 = road.in_use = true;
  road.begin();
  road.pass(310ms);
  road.echoes4 = false;
  road.pass(10ms);
  road.finder.echoed(0, 300, road.now);
  ASSERT_EQ(road.finder.state(), State::searching);
  road.pass(20s);
  EXPECT_EQ(road.finder.found(), PathMtu::Found{});
  road.echoes4 = true;
  road.pass(1min);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, is_sure_within_two_seconds_where_much_passes) {
  Road road;
  road.in_use = true;
  road.bytes_at_once = 100000;
  road.begin();
  road.pass(10s);
  road.up = road.down = 1300;
  road.pass(2s + 200ms);
  expect_found(road, 1300, 1300);
}

TEST(PathMtu, looks_at_once_when_the_network_doubts) {
  Road road;
  road.begin();
  road.pass(10s);
  road.up = 1300;
  road.finder.doubted(1300, road.now);
  road.pass(1s);
  expect_found(road, 1300, 1500);
}

TEST(PathMtu, is_not_moved_by_lies_of_the_network) {
  Road road;
  road.begin();
  road.pass(10s);
  const unsigned sent = road.sent;
  for (int i = 0; i < 1000; ++i) {  // ten seconds of them
    road.finder.doubted(i % 2 == 0 ? 68 : 0, road.now);
    road.pass(10ms);
  }
  expect_found(road, 1500, 1500);
  EXPECT_LE(road.sent - sent, 11u * 3);
  EXPECT_GE(road.sent - sent, 5u * 3);
  const unsigned after = road.sent;
  road.finder.doubted(1500, road.now);
  road.pass(100ms);
  EXPECT_EQ(road.sent, after) << "what is known is no news";
}

TEST(PathMtu, a_long_road_is_waited_for) {
  for (const Duration delay : {100ms, 250ms, 500ms, 900ms}) {
    Road road;
    road.delay = delay;
    road.up = 1400;
    road.down = 1300;
    road.begin();
    road.pass(delay * 12 + 3s);
    expect_found(road, 1400, 1300);
  }
}

TEST(PathMtu, a_long_and_lossy_road_takes_longer) {
  for (const double loss : {0.01, 0.1, 0.3}) {
    Road road;
    road.delay = 300ms;
    road.loss = loss;
    road.up = 1400;
    road.begin();
    road.pass(40s);
    EXPECT_EQ(road.finder.state(), State::settled);
    EXPECT_LE(road.finder.found().up, 1400u);
    EXPECT_GE(road.finder.found().up, 1180u) << "loss " << loss;
  }
}

TEST(PathMtu, notices_a_path_that_shrinks_under_traffic) {
  Road road;
  road.in_use = true;
  road.begin();
  road.pass(10s);
  expect_found(road, 1500, 1500);
  road.down = 1280;
  road.pass(6s);
  expect_found(road, 1500, 1280);
  road.up = 1240;
  road.pass(6s);
  expect_found(road, 1240, 1280);
}

TEST(PathMtu, looks_for_a_wider_path_now_and_then) {
  Road road;
  road.in_use = true;
  road.up = road.down = 1300;
  road.begin();
  road.pass(1s);
  road.pass(10min);
  road.up = road.down = 1500;
  road.pass(20s);
  expect_found(road, 1300, 1300);
  road.pass(11min);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, mends_soon_what_a_bad_moment_made_too_small) {
  Road road;
  road.in_use = true;
  road.loss = 0.6;
  road.begin();
  road.pass(3s);
  road.loss = 0;
  road.pass(40s);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, late_answers_after_new_keys_do_not_make_the_path_narrow_for_a_moment) {
  Road road;
  road.begin();
  road.pass(2s);
  expect_found(road, 1500, 1500);
  road.begin();
  road.pass(25ms);  // the small question is answered at once, the large ones late
  ASSERT_EQ(road.finder.state(), State::searching);
  road.delay = 150ms;
  unsigned least = 1500;
  for (int i = 0; i < 200; ++i) {
    road.pass(10ms);
    least = std::min({least, road.finder.found().up, road.finder.found().down});
  }
  EXPECT_EQ(least, 1500u);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, a_path_that_shrank_while_keys_were_changed_is_found) {
  Road road;
  road.begin();
  road.pass(2s);
  road.up = 1300;
  road.begin();
  road.pass(2s);
  expect_found(road, 1300, 1500);
}

TEST(PathMtu, asks_nothing_of_idle_peers) {
  Road road;
  road.begin();
  road.pass(1s);
  const unsigned sent = road.sent;
  road.pass(1h);
  EXPECT_EQ(road.sent, sent);
}

TEST(PathMtu, a_road_that_is_cut_off_is_not_a_narrow_one) {
  Road road;
  road.in_use = true;
  road.begin();
  road.pass(10s);
  road.answers = false;
  road.pass(1min);
  expect_found(road, 1500, 1500);
}

TEST(PathMtu, believes_lies_only_as_far_as_they_go) {
  Road road;
  road.begin();
  road.pass(5ms);
  for (unsigned bytes = 17; bytes < 70000; bytes += 113) {
    road.finder.answered(Buffer(bytes), road.now);
    static_cast<void>(road.finder.take_probes());
  }
  EXPECT_LE(road.finder.found().up, 1552u);
  EXPECT_LE(road.finder.found().down, 1500u);
  road.pass(10s);
  EXPECT_LE(road.largest_probe, 1500u);
  EXPECT_LT(road.sent, 2000u);
}

}  // namespace
}  // namespace adit::session
