#pragma once

// Data planes on queues in memory, back to back.

#include <gtest/gtest.h>

#include "plane/data_plane.h"
#include "tests/sim/fakes.h"
#include "tests/sim/seeded_rng.h"

namespace adit::plane {

using namespace std::chrono_literals;

inline ports::LinkAddress address(const char* host, std::uint16_t port) {
  ports::LinkAddress link;
  link.remote = {*ip::Address::parse(host), port, 0};
  return link;
}

inline Buffer packet(const char* from, const char* to, std::uint8_t mark = 0) {
  Buffer bytes(40, mark);
  bytes[0] = 0x45;
  store_u16(&bytes[2], 40);
  bytes[6] = bytes[7] = 0;
  bytes[9] = 17;
  std::ranges::copy(ip::Address::parse(from)->bytes(), bytes.begin() + 12);
  std::ranges::copy(ip::Address::parse(to)->bytes(), bytes.begin() + 16);
  return bytes;
}

inline Buffer large_packet(const char* from, const char* to, std::size_t size, bool dont_fragment) {
  Buffer large = packet(from, to);
  large.resize(size, 7);
  store_u16(&large[2], static_cast<std::uint16_t>(size));
  if (dont_fragment) large[6] = 0x40;
  return large;
}

inline crypto::DirectionKeys keys_of(std::uint64_t seed) {
  sim::SeededRng rng(seed);
  Buffer bytes(128);
  rng.fill(bytes);
  return {Secret<64>(Bytes(bytes).first(64)), Secret<64>(Bytes(bytes).subspan(64))};
}

inline KeySpec key(PeerIndex peer, std::uint8_t key_id, bool server) {
  KeySpec spec;
  spec.format.cipher = crypto::find_cipher("AES-256-GCM");
  spec.format.key_id = key_id;
  spec.format.peer_id = peer;
  const std::uint64_t seed = peer * 16 + key_id;
  spec.send = keys_of(server ? seed + 1000 : seed);
  spec.receive = keys_of(server ? seed : seed + 1000);
  return spec;
}

// One end: a plane whose link output is handed to whoever listens.
struct End {
  explicit End(const PlaneSetup& setup)
      : link([this](Bytes datagram, const ports::LinkAddress& to) {
          sent.emplace_back(to_buffer(datagram), to);
        }),
        plane(setup, {{{tun, link, bell, bell}}, bell, rng}) {}

  void turn() {
    while (plane.down().turn(now)) {
    }
    while (plane.up().turn(now, {1000})) {
    }
  }
  std::vector<Report> reports() {
    std::vector<Report> seen;
    plane.take_reports(100, [&](const Report& report, MutableBytes) { seen.push_back(report); });
    return seen;
  }

  Instant now{1h};
  sim::SeededRng rng{1};
  sim::SilentBell bell;
  sim::MemoryTun tun;
  sim::MemoryLink link;
  std::vector<std::pair<Buffer, ports::LinkAddress>> sent;
  DataPlane plane;
};

class Planes : public testing::Test {
 protected:
  static PlaneSetup server_setup(bool client_to_client = false) {
    PlaneSetup setup;
    setup.server = true;
    setup.most_peers = 8;
    setup.client_to_client = client_to_client;
    return setup;
  }

  void join(End& server, PeerIndex index, const char* inner, std::size_t fragment_most = 0) {
    PeerSpec spec;
    spec.fragment_most = fragment_most;
    spec.address = address("203.0.113.2", static_cast<std::uint16_t>(40000 + index));
    spec.may_float = true;
    spec.check_source = true;
    server.plane.set_peer(index, spec);
    ASSERT_TRUE(server.plane.install_key(index, key(index, 0, true)));
    server.plane.use_key(index, 0);
    routes[index] = *ip::Prefix::parse(inner);
    auto table = std::make_unique<RouteTable>();
    for (const auto& [peer, prefix] : routes) table->peers.insert(prefix, peer);
    server.plane.set_routes(std::move(table));
  }

  static void start(End& client, PeerIndex index, std::size_t fragment_most = 0) {
    PeerSpec spec;
    spec.fragment_most = fragment_most;
    spec.address = address("198.51.100.2", 1194);
    client.plane.set_peer(0, spec);
    ASSERT_TRUE(client.plane.install_key(0, key(index, 0, false)));
    client.plane.use_key(0, 0);
  }

  // Everything the one has sent arrives at the other, from the given address.
  static void carry(End& from, End& to, const ports::LinkAddress& seen_from) {
    from.turn();
    for (auto& [datagram, target] : from.sent) to.link.arrive(datagram, seen_from);
    from.sent.clear();
    to.turn();
  }

  std::map<PeerIndex, ip::Prefix> routes;
  ports::LinkAddress client_at = address("203.0.113.2", 40000);
  ports::LinkAddress server_at = address("198.51.100.2", 1194);
};

}  // namespace adit::plane
