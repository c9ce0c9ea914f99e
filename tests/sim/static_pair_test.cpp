// Two ends without TLS ("secret") on one wire, in virtual time.

#include <gtest/gtest.h>

#include "crypto/static_key.h"
#include "node/client.h"
#include "node/make_setup.h"
#include "tests/sim/fakes.h"
#include "tests/sim/wire.h"

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

const ip::Endpoint listener_at{*ip::Address::parse("198.51.100.2"), 1194, 0};
const ip::Endpoint caller_at{*ip::Address::parse("203.0.113.2"), 40000, 0};

class End {
 public:
  // remote: nothing for an end that waits for whoever comes
  End(Wire& wire, SeededRng& rng, const ip::Endpoint& own, std::optional<ip::Endpoint> remote)
      : at(own),
        wire_(wire),
        rng_(rng),
        remote_(remote),
        link_([this](Bytes datagram, const ports::LinkAddress& to) {
          wire_.send(datagram, at, to.remote, now_);
        }),
        log_(remote ? "caller" : "listener") {
    options::Config config;
    config.mode = options::Mode::p2p;
    config.secret.path = "static.key";
    config.channel.cipher = "AES-256-CBC";
    config.channel.auth = "SHA256";
    config.device.name = "tun";
    config.device.type = options::DevType::tun;
    config.device.ifconfig =
        remote ? std::pair("10.7.0.2", "10.7.0.1") : std::pair("10.7.0.1", "10.7.0.2");
    config.timers.ping = std::chrono::seconds(2);
    config.timers.ping_restart = std::chrono::seconds(20);
    config.connection.key_direction = remote ? 1 : 0;
    config.connection.explicit_exit_notify = 1;
    if (remote) config.connection.remote = "198.51.100.2";
    store_.files["static.key"] = crypto::StaticKey(Buffer(crypto::StaticKey::size, 7)).render();
    auto setup = node::make_static_setup(config, config.connection, {}, store_);
    if (!setup) ADD_FAILURE() << setup.error().text();
    setup_ = std::move(*setup);
  }

  // From the next start on: a manager is told how it goes, and there is a route.
  void add_route(bool works) {
    setup_.config.management.address = "m.sock";
    setup_.config.routes.v4 = {{"10.77.0.0", "255.255.255.0", {}, {}, {}}};
    network_.takes_routes = works;
  }

  void start(Instant now) {
    now_ = now;
    client_.reset();
    plane::PlaneSetup setup;
    setup.bare = true;
    plane_ = std::make_unique<plane::DataPlane>(
        setup, plane::DataPlane::Surroundings{{{tun_, link_, bell_, bell_}}, bell_, rng_});
    std::optional<ports::LinkAddress> remote;
    if (remote_) remote.emplace().remote = *remote_;
    hooks_ = std::make_unique<node::Hooks>(setup_.config.scripts, node::Environment(), processes_,
                                           Log(log_));
    tunnel_ = std::make_unique<node::Tunnel>(device_, network_, Log(log_));
    client_ = std::make_unique<node::Client>(
        setup_, memory_, node::Client::Surroundings{*plane_, link_, *tunnel_, *hooks_, rng_},
        Log(log_), remote, now_, wall());
  }

  void turn(Instant now) {
    now_ = now;
    log_.at(now);
    lanes();
    client_->turn(now_, wall());
    lanes();
    if (!client_->outcome()) return;
    const bool for_good = client_->outcome()->next == node::Outcome::Next::exit;
    if (for_good && client_->announce_end(now_)) lanes();
    start(now_ + 1s);
  }
  void end_after(options::Seconds time) {
    setup_.config.timers.session_timeout = time;
    start(now_);
  }

  void send_inside() {
    const auto from = ip::Address::parse(setup_.config.device.ifconfig->first);
    const auto to = ip::Address::parse(setup_.config.device.ifconfig->second);
    Buffer packet(60, 1);
    packet[0] = 0x45;
    store_u16(&packet[2], 60);
    packet[6] = packet[7] = 0;
    packet[9] = 17;
    std::ranges::copy(from->bytes(), packet.begin() + 12);
    std::ranges::copy(to->bytes(), packet.begin() + 16);
    tun_.to_tunnel.push_back(std::move(packet));
  }

  void arrive(const Wire::Flight& flight) {
    ports::LinkAddress from;
    from.remote = flight.from;
    link_.arrive(flight.datagram, from);
  }
  [[nodiscard]] bool up() const { return client_->up(); }
  [[nodiscard]] Instant deadline() const { return client_->deadline().at; }
  std::size_t take_received() { return std::exchange(received_, 0); }
  node::Client& client() { return *client_; }
  [[nodiscard]] bool said(std::string_view words) const {
    return std::ranges::any_of(
        log_.lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
  }

  ip::Endpoint at;

 private:
  [[nodiscard]] WallTime wall() const { return {1795342000 + whole_seconds(now_)}; }
  void lanes() {
    while (plane_->down().turn(now_)) {
    }
    while (plane_->up().turn(now_, wall())) {
    }
    received_ += tun_.from_tunnel.size();
    tun_.from_tunnel.clear();
  }

  Wire& wire_;
  SeededRng& rng_;
  std::optional<ip::Endpoint> remote_;
  MemoryTun tun_;
  MemoryLink link_;
  MemoryDevice device_;
  MemoryNetwork network_;
  MemoryProcesses processes_;
  MemoryStore store_;
  MemoryLog log_;
  SilentBell bell_;
  node::ClientSetup setup_;
  node::ClientMemory memory_;
  std::unique_ptr<plane::DataPlane> plane_;
  std::unique_ptr<node::Hooks> hooks_;
  std::unique_ptr<node::Tunnel> tunnel_;
  std::unique_ptr<node::Client> client_;
  Instant now_{1h};
  std::size_t received_ = 0;
};

class StaticPair : public testing::Test {
 protected:
  static constexpr int most_steps = 5000;

  StaticPair() {
    listener.start(now);
    caller.start(now);
  }

  bool run_until(const std::function<bool()>& condition, Duration limit) {
    const Instant end = now + limit;
    for (int steps = 0; !condition(); ++steps) {
      if (steps == most_steps) ADD_FAILURE() << "a timer that never moves on";
      if (steps >= most_steps) return false;
      settle();
      if (now >= end) return false;
      now =
          std::max(std::min({wire.next(), listener.deadline(), caller.deadline(), end}), now + 1us);
      while (auto flight = wire.arrived(now)) {
        if (flight->to == listener.at) listener.arrive(*flight);
        if (flight->to == caller.at) caller.arrive(*flight);
      }
      settle();
    }
    return true;
  }
  void settle() {
    listener.turn(now);
    caller.turn(now);
  }
  void run_for(Duration time) {
    run_until([] { return false; }, time);
  }
  bool both_up() const { return listener.up() && caller.up(); }
  void expect_traffic() {
    listener.take_received(), caller.take_received();
    for (int i = 0; i < 20; ++i) {
      listener.send_inside();
      caller.send_inside();
      run_for(100ms);
    }
    EXPECT_EQ(listener.take_received(), 20u);
    EXPECT_EQ(caller.take_received(), 20u);
  }

  SeededRng rng{11};
  Wire wire{rng};
  Instant now{1h};
  End listener{wire, rng, listener_at, std::nullopt};
  End caller{wire, rng, caller_at, listener_at};
};

TEST_F(StaticPair, comes_up_when_each_has_heard_the_other) {
  EXPECT_FALSE(listener.up() || caller.up());
  ASSERT_TRUE(run_until([&] { return both_up(); }, 5s));
  expect_traffic();
  run_for(60s);
  EXPECT_TRUE(both_up()) << "pings keep it up";
  EXPECT_EQ(listener.client().remote()->remote, caller_at);
}

TEST_F(StaticPair, an_end_that_waits_rests_however_long_nobody_comes) {
  wire.weather.loss = 1;
  run_for(120s);
  EXPECT_FALSE(listener.up() || caller.up());
  wire.weather.loss = 0;
  ASSERT_TRUE(run_until([&] { return both_up(); }, 10s));
  expect_traffic();
}

TEST_F(StaticPair, comes_up_through_bad_weather) {
  wire.weather = {.loss = 0.3,
                  .duplicate = 0.1,
                  .corrupt = 0.2,
                  .reorder = 0.2,
                  .delay = 30ms,
                  .jitter = 10ms,
                  .reorder_delay = 50ms};
  ASSERT_TRUE(run_until([&] { return both_up(); }, 40s));
  wire.weather = {};
  run_for(1s);
  expect_traffic();
}

TEST_F(StaticPair, the_end_without_a_remote_follows_its_peer) {
  ASSERT_TRUE(run_until([&] { return both_up(); }, 5s));
  caller.at.port = 50000;
  caller.send_inside();  // tells where it is now
  run_for(200ms);
  expect_traffic();
  EXPECT_EQ(listener.client().remote()->remote.port, 50000);
}

TEST_F(StaticPair, a_restarted_end_is_heard_again) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(run_until([&] { return both_up(); }, 10s));
    expect_traffic();
    (round % 2 == 0 ? caller : listener).start(now += 2s);
  }
  ASSERT_TRUE(run_until([&] { return both_up(); }, 10s));
  expect_traffic();
}

TEST_F(StaticPair, silence_ends_a_tunnel_and_begins_another) {
  ASSERT_TRUE(run_until([&] { return both_up(); }, 5s));
  wire.weather.loss = 1;
  ASSERT_TRUE(run_until([&] { return !listener.up() && !caller.up(); }, 60s));
  EXPECT_TRUE(listener.said("Inactivity timeout (--ping-restart)"));
  wire.weather.loss = 0;
  ASSERT_TRUE(run_until([&] { return both_up(); }, 30s));
  expect_traffic();
}

TEST_F(StaticPair, a_goodbye_is_heard) {
  ASSERT_TRUE(run_until([&] { return both_up(); }, 5s));
  ASSERT_TRUE(caller.client().announce_end(now));
  run_for(1s);
  EXPECT_TRUE(listener.said("OCC exit message received by peer"));
}

TEST_F(StaticPair, a_goodbye_of_an_end_whose_time_is_over_is_heard) {
  caller.end_after(5s);
  ASSERT_TRUE(run_until([&] { return both_up(); }, 4s));
  EXPECT_TRUE(
      run_until([&] { return listener.said("OCC exit message received by peer"); }, 5900ms));
}

TEST_F(StaticPair, a_manager_is_told_whether_the_routes_are_there) {
  for (const bool works : {true, false}) {
    caller.add_route(works);
    caller.start(now);
    ASSERT_TRUE(run_until([&] { return caller.up(); }, 60s));
    std::string told;
    for (const node::ClientNews& news : caller.client().take_news()) {
      if (news.kind == node::ClientNews::Kind::connected) told += news.text;
    }
    EXPECT_EQ(told, works ? "SUCCESS" : "ROUTE_ERROR");
  }
}

}  // namespace
}  // namespace adit::sim
