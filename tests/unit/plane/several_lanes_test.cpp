// Several pairs of lanes on one plane: each peer has one owner, whatever queue its packets come
// from.

#include <atomic>
#include <thread>

#include "tests/unit/plane/planes.h"
#include "wire/data_header.h"

namespace adit::plane {
namespace {

constexpr std::size_t lane_count = 3;
constexpr std::size_t all_peers = 6;

std::uint32_t peer_id_of(Bytes datagram) { return wire::decode_data_header(datagram)->peer_id; }
std::uint32_t packet_id_of(Bytes datagram) { return load_u32(datagram.data() + 4); }

// A server with several lanes; what its kernel would do with a datagram is done by arrive().
struct Wide {
  struct Ports {
    sim::MemoryTun tun;
    sim::MemoryLink link;
    std::vector<std::pair<Buffer, ports::LinkAddress>> sent;
    Ports()
        : link([this](Bytes datagram, const ports::LinkAddress& to) {
            sent.emplace_back(to_buffer(datagram), to);
          }) {}
  };

  explicit Wide(const PlaneSetup& setup) : plane(setup, surroundings()) {}

  DataPlane::Surroundings surroundings() {
    DataPlane::Surroundings around{{}, bell, rng};
    for (std::size_t i = 0; i < lane_count; ++i) {
      ports.push_back(std::make_unique<Ports>());
      around.lanes.push_back({ports[i]->tun, ports[i]->link, bell, bell});
    }
    return around;
  }

  void arrive(const Buffer& datagram, const ports::LinkAddress& from) {
    const auto head = wire::parse_head(datagram[0]);
    const bool has_id = head && head->opcode == wire::Opcode::data_v2;
    ports[has_id ? peer_id_of(datagram) % lane_count : 0]->link.arrive(datagram, from);
  }
  // Until nobody has anything to do.
  void turn() {
    for (bool worked = true; worked;) {
      worked = false;
      for (std::size_t i = 0; i < lane_count; ++i) {
        worked |= plane.down(i).turn(now);
        worked |= plane.up(i).turn(now, {1000});
      }
    }
  }

  Instant now{1h};
  sim::SeededRng rng{1};
  sim::SilentBell bell;
  std::vector<std::unique_ptr<Ports>> ports;
  DataPlane plane;
};

std::string inner(PeerIndex peer) { return "10.8.0." + std::to_string(peer + 2); }

class SeveralLanes : public Planes {
 protected:
  static PlaneSetup wide_setup(bool client_to_client = false) {
    PlaneSetup setup = server_setup(client_to_client);
    setup.lanes = lane_count;
    return setup;
  }

  static PeerSpec spec_of(PeerIndex peer) {
    PeerSpec spec;
    spec.address = address("203.0.113.2", static_cast<std::uint16_t>(40000 + peer));
    spec.check_source = true;
    return spec;
  }
  void join_wide(Wide& server, PeerIndex peer) {
    server.plane.set_peer(peer, spec_of(peer));
    ASSERT_TRUE(server.plane.install_key(peer, key(peer, 0, true)));
    server.plane.use_key(peer, 0);
    routes[peer] = *ip::Prefix::parse(inner(peer));
    publish_routes(server);
  }
  void publish_routes(Wide& server) {
    auto table = std::make_unique<RouteTable>();
    for (const auto& [index, prefix] : routes) table->peers.insert(prefix, index);
    server.plane.set_routes(std::move(table));
  }
  static std::unique_ptr<End> client_of(PeerIndex peer) {
    auto client = std::make_unique<End>(PlaneSetup{});
    start(*client, peer);
    return client;
  }
  // What the peer's owner has sent, opened by the client.
  static void receive(Wide& server, End& client, PeerIndex peer) {
    const ports::LinkAddress seen_from = address("198.51.100.2", 1194);
    for (auto& ports : server.ports) {
      for (auto& [datagram, to] : ports->sent) {
        if (to.remote.port == 40000 + peer) client.link.arrive(datagram, seen_from);
      }
    }
    client.turn();
  }
};

TEST_F(SeveralLanes, every_tun_queue_reaches_every_peer_through_its_own_lane) {
  Wide server(wide_setup());
  for (PeerIndex peer = 0; peer < all_peers; ++peer) join_wide(server, peer);
  for (std::size_t queue = 0; queue < lane_count; ++queue) {
    for (PeerIndex peer = 0; peer < all_peers; ++peer) {
      const auto mark = static_cast<std::uint8_t>(queue);
      server.ports[queue]->tun.to_tunnel.push_back(packet("10.8.0.1", inner(peer).c_str(), mark));
    }
  }
  server.turn();
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    EXPECT_EQ(server.ports[lane]->sent.size(), lane_count * all_peers / lane_count);
    for (const auto& [datagram, to] : server.ports[lane]->sent) {
      EXPECT_EQ(peer_id_of(datagram) % lane_count, lane);
    }
  }
  for (PeerIndex peer = 0; peer < all_peers; ++peer) {
    const auto client = client_of(peer);
    receive(server, *client, peer);
    EXPECT_EQ(client->tun.from_tunnel.size(), lane_count) << peer;
  }
}

// Each key has one lane that seals with it.
TEST_F(SeveralLanes, who_sent_too_large_a_packet_is_told_by_its_own_lane) {
  Wide server(wide_setup(true));
  for (PeerIndex peer = 0; peer < 2; ++peer) join_wide(server, peer);
  PeerSpec narrow = spec_of(1);
  narrow.inner_most = 1000;
  server.plane.set_peer(1, narrow);
  const auto client = client_of(0);
  client->tun.to_tunnel.push_back(large_packet(inner(0).c_str(), inner(1).c_str(), 1400, true));
  client->turn();
  for (auto& [datagram, to] : client->sent) server.arrive(datagram, spec_of(0).address);
  server.turn();
  EXPECT_EQ(server.ports[0]->sent.size(), 1u);
  EXPECT_TRUE(server.ports[1]->sent.empty());
  receive(server, *client, 0);
  ASSERT_EQ(client->tun.from_tunnel.size(), 1u);
  EXPECT_EQ(client->tun.from_tunnel.front()[20], 3) << "destination unreachable";
}

TEST_F(SeveralLanes, clients_reach_each_other_over_lanes) {
  Wide server(wide_setup(true));
  std::vector<std::unique_ptr<End>> clients;
  for (PeerIndex peer = 0; peer < all_peers; ++peer) {
    join_wide(server, peer);
    clients.push_back(client_of(peer));
  }
  for (PeerIndex from = 0; from < all_peers; ++from) {
    for (PeerIndex to = 0; to < all_peers; ++to) {
      if (from == to) continue;
      clients[from]->tun.to_tunnel.push_back(packet(inner(from).c_str(), inner(to).c_str()));
    }
    clients[from]->tun.to_tunnel.push_back(packet(inner(from).c_str(), "239.1.1.1"));
    clients[from]->turn();
    for (auto& [datagram, to] : clients[from]->sent) {
      server.arrive(datagram, spec_of(from).address);
    }
  }
  server.turn();
  std::size_t inside = 0;
  for (const auto& ports : server.ports) inside += ports->tun.from_tunnel.size();
  EXPECT_EQ(inside, all_peers) << "multicast also goes inside, the rest does not";
  for (PeerIndex peer = 0; peer < all_peers; ++peer) {
    receive(server, *clients[peer], peer);
    EXPECT_EQ(clients[peer]->tun.from_tunnel.size(), 2 * (all_peers - 1)) << peer;
  }
}

TEST_F(SeveralLanes, a_packet_at_a_lane_that_does_not_own_its_peer_is_not_opened) {
  Wide server(wide_setup());
  join_wide(server, 1);
  const auto client = client_of(1);
  client->tun.to_tunnel.push_back(packet(inner(1).c_str(), "10.8.0.1"));
  client->turn();
  server.ports[2]->link.arrive(client->sent[0].first, spec_of(1).address);
  server.turn();
  EXPECT_EQ(server.plane.down(2).drops().read().of(Drop::unknown_peer), 1u);
  EXPECT_EQ(server.plane.traffic(1).received_packets, 0u);
  server.arrive(client->sent[0].first, spec_of(1).address);
  server.turn();
  EXPECT_EQ(server.plane.traffic(1).received_packets, 1u);
}

TEST_F(SeveralLanes, peers_without_a_peer_id_live_in_the_first_lane) {
  Wide server(wide_setup());
  PeerSpec spec = spec_of(4);
  server.plane.set_peer(4, spec);  // as it is known before the peer has said what it can
  spec.by_address = true;
  server.plane.set_peer(4, spec);
  KeySpec theirs = key(4, 0, true);
  theirs.format.header = crypto::DataFormat::Header::v1;
  ASSERT_TRUE(server.plane.install_key(4, theirs));
  server.plane.use_key(4, 0);
  routes[4] = *ip::Prefix::parse(inner(4));
  publish_routes(server);

  End client{PlaneSetup{}};
  PeerSpec far;
  far.address = address("198.51.100.2", 1194);
  client.plane.set_peer(0, far);
  KeySpec ours = key(4, 0, false);
  ours.format.header = crypto::DataFormat::Header::v1;
  ASSERT_TRUE(client.plane.install_key(0, ours));
  client.plane.use_key(0, 0);

  client.tun.to_tunnel.push_back(packet(inner(4).c_str(), "10.8.0.1"));
  client.turn();
  server.arrive(client.sent[0].first, spec.address);
  server.ports[2]->tun.to_tunnel.push_back(packet("10.8.0.1", inner(4).c_str()));
  server.turn();
  EXPECT_EQ(server.ports[0]->tun.from_tunnel.size(), 1u);
  ASSERT_EQ(server.ports[0]->sent.size(), 1u);
}

TEST_F(SeveralLanes, a_peer_that_changes_lanes_begins_there_without_keys) {
  Wide server(wide_setup());
  join_wide(server, 1);
  PeerSpec spec = spec_of(1);
  spec.by_address = true;
  server.plane.set_peer(1, spec);
  server.ports[0]->tun.to_tunnel.push_back(packet("10.8.0.1", inner(1).c_str()));
  server.turn();
  EXPECT_EQ(server.plane.drops().of(Drop::no_key), 1u);
}

// What steady peers send and get while the control thread lets others come, go and change keys.
// With the thread sanitizer this is the proof that lanes share nothing they should not.
TEST_F(SeveralLanes, steady_peers_lose_and_reorder_nothing_while_others_come_and_go) {
  Wide server(wide_setup(true));
  constexpr PeerIndex steady = 3;  // one for each lane; the rest come and go
  for (PeerIndex peer = 0; peer < all_peers; ++peer) join_wide(server, peer);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> sent{0}, wrong{0}, received{0}, pushed{0};
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    Wide::Ports& ports = *server.ports[lane];
    threads.emplace_back([&, lane] {
      std::uint32_t last = 0;
      sim::SeededRng rng(lane);
      while (!stop) {
        // Half of it is for peers of other lanes.
        const auto to = rng.below(2) == 0 ? static_cast<PeerIndex>(lane)
                                          : static_cast<PeerIndex>(rng.below(all_peers));
        ports.tun.to_tunnel.push_back(packet("10.8.0.1", inner(to).c_str()));
        server.plane.up(lane).turn(server.now, {1000});
        for (const auto& [datagram, where] : ports.sent) {
          if (peer_id_of(datagram) != lane) continue;  // not the steady one
          wrong += packet_id_of(datagram) != last + 1 ? 1u : 0u;
          last = packet_id_of(datagram);
          ++sent;
        }
        ports.sent.clear();
      }
    });
    threads.emplace_back([&, lane] {
      const auto client = client_of(static_cast<PeerIndex>(lane));
      sim::SeededRng rng(lane + 20);
      while (!stop) {
        // Multicast also goes to those who are just coming or leaving.
        const char* const whom = rng.below(2) == 0 ? "10.8.0.1" : "239.1.1.1";
        const Buffer text = packet(inner(static_cast<PeerIndex>(lane)).c_str(), whom);
        client->tun.to_tunnel.push_back(text);
        client->turn();
        for (auto& [datagram, to] : client->sent) {
          ports.link.arrive(datagram, spec_of(static_cast<PeerIndex>(lane)).address);
          ++pushed;
        }
        client->sent.clear();
        while (server.plane.down(lane).turn(server.now)) {
        }
        received += ports.tun.from_tunnel.size();
        ports.tun.from_tunnel.clear();
      }
    });
  }
  sim::SeededRng rng(9);
  for (int i = 0; i < 2000 || (sent < 1000 && i < 1'000'000); ++i) {
    const auto peer = static_cast<PeerIndex>(steady + rng.below(all_peers - steady));
    const auto key_id = static_cast<std::uint8_t>(rng.below(3));
    switch (rng.below(4)) {
      case 0:
        server.plane.remove_peer(peer);
        break;
      case 1:
        join_wide(server, peer);
        break;
      case 2:
        join_wide(server, peer);
        ASSERT_TRUE(server.plane.install_key(peer, key(peer, key_id, true)));
        server.plane.use_key(peer, key_id);
        break;
      default:
        server.plane.retire_key(peer, key_id);
    }
    server.plane.collect();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u) << "packet ids left out of order";
  EXPECT_EQ(received, pushed);
  EXPECT_GE(sent, 1000u);
}

}  // namespace
}  // namespace adit::plane
