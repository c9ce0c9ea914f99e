// What a network that reorders and repeats does to the data plane, and the order of what we send.

#include <algorithm>
#include <random>

#include "tests/unit/plane/planes.h"
#include "wire/inside_message.h"

namespace adit::plane {
namespace {

using Datagrams = std::vector<Buffer>;

// Tells packets apart: the number is the last thing in them.
Buffer numbered(std::uint32_t number) {
  Buffer made = packet("10.8.0.2", "10.8.0.1");
  store_u32(&made[36], number);
  return made;
}

std::uint32_t id_of(const Buffer& datagram) { return load_u32(&datagram[4]); }

// Every `period`th datagram comes `displacement` places later.
Datagrams displaced(const Datagrams& sent, std::size_t displacement, std::size_t period) {
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    order.emplace_back(i + (i % period == 0 ? displacement + 1 : 0), i);
  }
  std::ranges::stable_sort(order, {}, [](const auto& at) { return at.first; });
  Datagrams arriving;
  for (const auto& [place, index] : order) arriving.push_back(sent[index]);
  return arriving;
}

class DisorderOfPlanes : public Planes {
 protected:
  explicit DisorderOfPlanes() : server(server_setup()), client(PlaneSetup{}) {
    join(server, 0, "10.8.0.2");
    start(client, 0);
  }

  // With other limits than the default.
  void accept_only(const crypto::ReplayLimits& limits) {
    KeySpec spec = key(0, 0, true);
    spec.replay = limits;
    ASSERT_TRUE(server.plane.install_key(0, spec));
  }

  Datagrams send(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) client.tun.to_tunnel.push_back(numbered(i));
    client.turn();
    Datagrams sent;
    for (auto& [datagram, to] : client.sent) sent.push_back(std::move(datagram));
    client.sent.clear();
    return sent;
  }

  void arrive(const Datagrams& datagrams) {
    for (const Buffer& datagram : datagrams) server.link.arrive(datagram, client_at);
    server.turn();
  }

  // How often each packet came out.
  std::vector<unsigned> delivered(std::size_t count) {
    std::vector<unsigned> times(count, 0);
    for (const Buffer& inner : server.tun.from_tunnel) ++times.at(load_u32(&inner[36]));
    return times;
  }

  End server;
  End client;
};

TEST_F(DisorderOfPlanes, of_any_depth_up_to_5000_loses_nothing) {
  for (const std::size_t displacement : {1U, 2U, 63U, 64U, 65U, 500U, 1024U, 5000U}) {
    server.tun.from_tunnel.clear();
    constexpr std::uint32_t count = 6000;
    arrive(displaced(send(count), displacement, 53));
    const auto times = delivered(count);
    EXPECT_TRUE(std::ranges::all_of(times, [](unsigned t) { return t == 1; })) << displacement;
  }
  const Disorder seen = server.plane.disorder(0);
  EXPECT_EQ(seen.refused(), 0u);
  EXPECT_EQ(seen.deepest_reordered, 5000u);
}

TEST_F(DisorderOfPlanes, beyond_a_narrow_window_is_late_and_told_from_repetitions) {
  accept_only({64, 15});
  constexpr std::uint32_t count = 4000;
  const Datagrams sent = send(count);
  const Datagrams inside = displaced(Datagrams(sent.begin(), sent.begin() + 2000), 63, 100);
  const Datagrams beyond = displaced(Datagrams(sent.begin() + 2000, sent.end()), 104, 100);
  arrive(inside);
  EXPECT_EQ(server.plane.disorder(0).refused(), 0u);
  arrive(beyond);
  const Disorder late = server.plane.disorder(0);
  EXPECT_EQ(late.late, 20u);
  EXPECT_EQ(late.repeated, 0u);
  EXPECT_EQ(late.deepest_late, 104u);
  EXPECT_EQ(server.plane.drops(0).of(Drop::late), 20u);
  arrive(Datagrams(sent.begin(), sent.begin() + 2000));
  const Disorder again = server.plane.disorder(0);
  EXPECT_EQ(again.repeated, 2000u) << "also those far behind the window";
  EXPECT_EQ(again.late, 20u);
}

TEST_F(DisorderOfPlanes, with_everything_at_once_accepts_nothing_twice) {
  accept_only({1024, 0});
  constexpr std::uint32_t count = 20'000;
  const Datagrams sent = send(count);
  Datagrams network;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    network.push_back(sent[i]);
    if (i % 3 == 0) network.push_back(sent[i]);
    if (i % 7 == 0 && i > 2000) network.push_back(sent[i - 2000]);
  }
  std::mt19937 chance(7);
  for (std::size_t at = 0; at + 900 < network.size(); at += 900) {
    const auto from = network.begin() + static_cast<std::ptrdiff_t>(at);
    std::shuffle(from, from + 900, chance);
  }
  arrive(network);
  const auto times = delivered(count);
  EXPECT_TRUE(std::ranges::all_of(times, [](unsigned t) { return t == 1; }))
      << "nothing was displaced by more than the window";
  EXPECT_EQ(server.plane.disorder(0).refused(), network.size() - count);
}

TEST_F(DisorderOfPlanes, is_none_in_what_we_send) {
  // Payloads of the control thread and packets of users share one numbering and leave in its order.
  std::uint32_t last = 0;
  for (int round = 0; round < 200; ++round) {
    for (std::uint32_t i = 0; i < 150; ++i) client.tun.to_tunnel.push_back(numbered(i));
    client.plane.send_payload(0, wire::ping_message);
    while (client.plane.up().turn(client.now, {1000})) {
      client.plane.send_payload(0, wire::ping_message);
      if (client.sent.size() > 160) break;
    }
    for (const auto& [datagram, to] : client.sent) {
      ASSERT_EQ(id_of(datagram), last + 1);
      last = id_of(datagram);
    }
    client.sent.clear();
  }
  EXPECT_GT(last, 30'000u);
}

}  // namespace
}  // namespace adit::plane
