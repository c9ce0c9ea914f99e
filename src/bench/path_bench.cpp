#include "bench/path_bench.h"

#include <cstring>
#include <map>
#include <memory>

#include <fmt/core.h>

#include "base/assert.h"
#include "plane/data_plane.h"
#include "system/clock.h"

namespace adit::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t inner_bytes = 1400;
constexpr std::size_t lane_batch = 64;
constexpr std::size_t slot_bytes = 2048;
constexpr int rounds = 7;
constexpr Duration for_a_round = 120ms;  // of one number of peers

// Gives the same packets as often as they are wanted; counts what is written.
class EndlessTun final : public ports::TunPort {
 public:
  void offer(Bytes packet, std::size_t count) {
    packet_ = to_buffer(packet);
    left_ = count;
  }
  std::size_t read(std::span<Packet> packets, std::size_t front_room) override {
    const std::size_t count = std::min(left_, packets.size());
    for (Packet& packet : packets.first(count)) packet.assign(packet_, front_room);
    left_ -= count;
    return count;
  }
  void write(std::span<Packet* const> packets, DropCounters&) override { came_ += packets.size(); }
  [[nodiscard]] std::size_t came() const { return came_; }

 private:
  Buffer packet_;
  std::size_t left_ = 0, came_ = 0;
};

// What one end writes the other reads.
class Pipe final : public ports::LinkPort {
 public:
  Pipe(Buffer& out, std::vector<std::size_t>& out_sizes, Buffer& in,
       std::vector<std::size_t>& in_sizes, const ports::LinkAddress& other)
      : out_(out), out_sizes_(out_sizes), in_(in), in_sizes_(in_sizes), other_(other) {}
  std::size_t read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                   std::size_t front_room) override {
    const std::size_t count = std::min(in_sizes_.size(), packets.size());
    for (std::size_t i = 0; i < count; ++i) {
      packets[i].assign(Bytes(in_).subspan(i * slot_bytes, in_sizes_[i]), front_room);
      from[i] = other_;
    }
    in_sizes_.clear();
    return count;
  }
  std::size_t take_closed(std::span<ports::LinkAddress>) override { return 0; }
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters&) override {
    for (const ports::OutgoingPacket& each : packets) {
      const std::size_t at = out_sizes_.size() * slot_bytes;
      ADIT_ASSERT(at + each.packet->size() <= out_.size());
      std::memcpy(&out_[at], each.packet->data(), each.packet->size());
      out_sizes_.push_back(each.packet->size());
    }
  }

 private:
  Buffer& out_;
  std::vector<std::size_t>& out_sizes_;
  Buffer& in_;
  std::vector<std::size_t>& in_sizes_;
  ports::LinkAddress other_;
};

class NoBell final : public ports::Doorbell {
 public:
  void ring() override {}
};

Buffer inner_packet(const ip::Address& from, const ip::Address& to) {
  Buffer packet(inner_bytes, 0x5A);
  packet[0] = 0x45;
  store_u16(&packet[2], inner_bytes);
  store_u16(&packet[6], 0);
  packet[8] = 64;
  packet[9] = 17;
  std::ranges::copy(from.bytes(), packet.begin() + 12);
  std::ranges::copy(to.bytes(), packet.begin() + 16);
  return packet;
}

ports::LinkAddress link_address(std::uint32_t host) {
  ports::LinkAddress address;
  address.remote = {ip::Address::v4(host), 1194, 0};
  return address;
}

plane::PlaneSetup plane_setup(bool server, std::size_t peers, crypto::Engine engine) {
  plane::PlaneSetup setup;
  setup.server = server;
  setup.most_peers = peers;
  setup.engine = engine;
  return setup;
}

constexpr std::uint32_t server_host = 0xC6336401, first_client_host = 0x0B000000;
constexpr std::uint32_t server_inside = 0x0A080001, first_client_inside = 0x0A080100;

// A server with its peers, and one of them as its client.
class Pair {
 public:
  Pair(std::size_t peers, crypto::Engine engine, Rng& rng)
      : number_(static_cast<plane::PeerIndex>(peers / 2)),
        client_link_(up_, up_sizes_, down_, down_sizes_, link_address(server_host)),
        server_link_(down_, down_sizes_, up_, up_sizes_, link_address(first_client_host + number_)),
        client_(plane_setup(false, 1, engine),
                {{{client_tun_, client_link_, bell_, bell_}}, bell_, rng}),
        server_(plane_setup(true, peers, engine),
                {{{server_tun_, server_link_, bell_, bell_}}, bell_, rng}) {
    Buffer bytes(256);
    rng.fill(bytes);
    const auto keys = [&](std::size_t at) {
      return crypto::DirectionKeys{Secret<64>(Bytes(bytes).subspan(at, 64)),
                                   Secret<64>(Bytes(bytes).subspan(at + 64, 64))};
    };
    auto routes = std::make_unique<plane::RouteTable>();
    for (std::size_t i = 0; i < peers; ++i) {
      const auto index = static_cast<plane::PeerIndex>(i);
      plane::PeerSpec spec;
      spec.address = link_address(first_client_host + index);
      spec.may_float = spec.check_source = true;
      join(server_, index, index, spec, keys(0), keys(128));
      routes->peers.insert(ip::Prefix::host(ip::Address::v4(first_client_inside + index)), index);
    }
    server_.set_routes(std::move(routes));
    plane::PeerSpec spec;
    spec.address = link_address(server_host);
    join(client_, 0, number_, spec, keys(128), keys(0));
    to_server_ = inner_packet(inside(), ip::Address::v4(server_inside));
    to_client_ = inner_packet(ip::Address::v4(server_inside), inside());
  }

  // ns for one packet from tun to tun, half of them this way and half the other.
  double measure() {
    const std::size_t before = server_tun_.came() + client_tun_.came();
    const Instant begin = system::monotonic_now();
    std::size_t sent = 0;
    Duration taken{};
    while (taken < for_a_round) {
      for (int i = 0; i < 16; ++i) {
        once();
        sent += 2 * lane_batch;
      }
      taken = system::monotonic_now() - begin;
    }
    const std::size_t came = server_tun_.came() + client_tun_.came() - before;
    ADIT_ASSERT(came == sent);  // nothing is lost in memory
    return static_cast<double>(taken.count()) / static_cast<double>(sent);
  }

 private:
  static void join(plane::DataPlane& plane, plane::PeerIndex index, std::uint32_t wire_id,
                   const plane::PeerSpec& spec, const crypto::DirectionKeys& send,
                   const crypto::DirectionKeys& receive) {
    plane.set_peer(index, spec);
    plane::KeySpec key;
    key.format.cipher = crypto::find_cipher("AES-256-GCM");
    key.format.peer_id = wire_id;
    key.send = send;
    key.receive = receive;
    const Status installed = plane.install_key(index, key);
    ADIT_ASSERT(installed.has_value());
    plane.use_key(index, 0);
  }
  [[nodiscard]] ip::Address inside() const {
    return ip::Address::v4(first_client_inside + number_);
  }

  void once() {
    client_tun_.offer(to_server_, lane_batch);
    pass(client_, server_);
    server_tun_.offer(to_client_, lane_batch);
    pass(server_, client_);
  }
  void pass(plane::DataPlane& from, plane::DataPlane& to) {
    const Instant now = Instant(1h);
    static_cast<void>(from.up().turn(now, {}));
    static_cast<void>(to.down().turn(now));
  }

  plane::PeerIndex number_;
  Buffer up_ = Buffer(2 * lane_batch * slot_bytes), down_ = Buffer(2 * lane_batch * slot_bytes);
  std::vector<std::size_t> up_sizes_, down_sizes_;
  EndlessTun client_tun_, server_tun_;
  NoBell bell_;
  Pipe client_link_, server_link_;
  plane::DataPlane client_, server_;
  Buffer to_server_, to_client_;
};

using Costs = std::map<std::size_t, std::vector<double>>;  // ns a packet by number of peers

// In rounds, so that what disturbs one number disturbs all of them.
Costs measure_in_rounds(std::map<std::size_t, std::unique_ptr<Pair>>& pairs, Watcher& watcher) {
  Costs costs;
  for (int round = 0; round < rounds; ++round) {
    for (auto& [count, pair] : pairs) {
      const double share = static_cast<double>(round) / rounds;
      if (!watcher.go_on(share, fmt::format("whole path: {} peers", count))) return costs;
      costs[count].push_back(pair->measure());
    }
  }
  return costs;
}

}  // namespace

Section measure_paths(const std::vector<std::size_t>& peers, crypto::Engine engine, Rng& rng,
                      Watcher& watcher) {
  Section section{"whole path in memory, AES-256-GCM", {}};
  std::map<std::size_t, std::unique_ptr<Pair>> pairs;
  for (const std::size_t count : peers) {
    if (!watcher.go_on(0, fmt::format("whole path: installing {} peers", count))) return section;
    pairs.emplace(count, std::make_unique<Pair>(count, engine, rng));
  }
  for (const auto& [count, values] : measure_in_rounds(pairs, watcher)) {
    section.rows.push_back({fmt::format("{} peer{} installed", count, count == 1 ? "" : "s"),
                            inner_bytes, median(values)});
  }
  return section;
}

}  // namespace adit::bench
