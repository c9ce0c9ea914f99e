#pragma once

#include <functional>
#include <map>
#include <memory>

#include "crypto/lane_engine.h"
#include "plane/down_lane.h"
#include "plane/up_lane.h"

namespace adit::plane {

// How a peer looks to the plane; keys come separately.
struct PeerSpec {
  ports::LinkAddress address;
  bool may_float = false;
  bool check_source = false;
  bool by_address = false;  // its packets carry no peer id
  std::uint16_t mss = 0;
  std::size_t inner_most = 0;   // larger inner packets do not fit the path; 0: all do
  std::uint64_t echo_mark = 0;  // answers to echo requests with it are reported; 0: none
  bool note_flows = false;      // for ask_flows
  std::uint16_t vlan = 0;       // with PlaneSetup::vlans
  // With Ethernet: routers in answers of a DHCP server behind it are taken out, and reported.
  bool dhcp_router = false;
  // Payload bytes of one datagram; 0: no "fragment". More wants PlaneSetup::fragments.
  std::size_t fragment_most = 0;
  wire::CompressionFraming framing = wire::CompressionFraming::none;
  bool compress = false;    // wants PlaneSetup::compress
  bool decompress = false;  // what arrives may be compressed
};

struct KeySpec {
  crypto::DataFormat format;
  crypto::DirectionKeys send;
  crypto::DirectionKeys receive;
  crypto::ReplayLimits replay = crypto::generous_limits;
};

struct PeerTraffic {
  std::uint64_t sent_packets = 0, sent_link_bytes = 0, sent_inside_bytes = 0;
  std::uint64_t received_packets = 0, received_link_bytes = 0, received_inside_bytes = 0;
  Instant last_sent, last_received;

  [[nodiscard]] std::uint64_t inside_bytes() const {
    return sent_inside_bytes + received_inside_bytes;
  }
};

// What one key has done, for renegotiation.
struct KeyWear {
  std::uint64_t bytes = 0;  // on the link, both directions
  std::uint64_t packets = 0;
  bool limit_near = false;
  bool small_blocks = false;         // the cipher has blocks below 128 bits
  std::uint64_t newest_long_id = 0;  // Opener::newest_long_id
};

// What of a data key must outlive a process; its material travels with the session.
struct KeyCarry {
  std::uint8_t key_id = 0;
  crypto::SealState seal;
  crypto::OpenState open;
};

// The control thread's side of the plane: it owns the tables and the rings, publishes peers, keys
// and routes, and hears what the lanes report. There may be several pairs of lanes; each peer
// belongs to one. The verbs are those of the kernel's own offload, so
// that another implementation can stand here. Everything but up() and down() is for the control
// thread alone.
class DataPlane {
 public:
  // What one pair of lanes reads, writes and is woken by.
  struct LanePorts {
    ports::TunPort& tun;
    ports::LinkPort& link;
    ports::Doorbell& up_bell;
    ports::Doorbell& down_bell;
  };
  // The ports and doorbells must outlive the plane; there are as many as PlaneSetup::lanes. What
  // comes for a peer must arrive at the link of its lane, see lane_of(). rng must be safe in the up
  // lanes' threads.
  struct Surroundings {
    std::vector<LanePorts> lanes;
    ports::Doorbell& control;
    Rng& rng;
  };
  DataPlane(const PlaneSetup& setup, const Surroundings& around);

  // Peers.
  void set_peer(PeerIndex index, const PeerSpec& spec);  // new, or changed: keys and meters stay
  void let_clients_meet(bool on) { tables_.let_clients_meet(on); }
  // As it was set last; the peer must be there.
  [[nodiscard]] const PeerSpec& spec(PeerIndex index) const { return known_.at(index).spec; }
  void remove_peer(PeerIndex index);
  [[nodiscard]] Status install_key(PeerIndex index, const KeySpec& spec);
  [[nodiscard]] Status install_key(PeerIndex index, const KeySpec& spec, const KeyCarry& carry,
                                   Instant now);
  void use_key(PeerIndex index, std::uint8_t key_id);
  void retire_key(PeerIndex index, std::uint8_t key_id);
  void set_routes(std::unique_ptr<const RouteTable> routes) { tables_.publish(std::move(routes)); }

  // Sending on behalf of the control thread. False: the ring is full.
  bool send_datagram(const ports::LinkAddress& to, Bytes datagram);
  bool send_payload(PeerIndex index, Bytes payload);
  // A frame of the peer, as it was reported; now its sender is known.
  bool send_frame(PeerIndex index, Bytes frame) {
    return order_for(index, Order::Kind::frame, frame);
  }

  // Whose packets beyond this size came from the peer lately? Each is a report (Kind::flow).
  void ask_flows(PeerIndex index, std::size_t larger_than);

  // Hands out what the lanes reported, oldest first, at most limit (so many leave time for the rest
  // of a turn). bytes may be changed in place.
  static constexpr std::size_t reports_per_turn = 512;
  std::size_t take_reports(std::size_t limit,
                           const std::function<void(const Report&, MutableBytes)>& take);

  void await_packet(PeerIndex index);   // the next authentic one is reported (Kind::heard)
  void float_decided(PeerIndex index);  // further moves of this peer are reported again
  [[nodiscard]] PeerTraffic traffic(PeerIndex index) const;
  [[nodiscard]] std::optional<KeyWear> wear(PeerIndex index, std::uint8_t key_id) const;
  [[nodiscard]] Disorder disorder(PeerIndex index) const;
  [[nodiscard]] DropCounters drops() const;
  [[nodiscard]] std::vector<LaneFacts> lane_facts() const;
  [[nodiscard]] DropCounters drops(PeerIndex index) const;  // of what it sent us
  // Only while no lane runs.
  [[nodiscard]] std::vector<KeyCarry> carry(PeerIndex index) const;

  void collect() { quiescence_.collect(); }
  [[nodiscard]] std::size_t capacity() const { return tables_.capacity(); }

  // Which pair of lanes owns a peer whose packets carry its index.
  [[nodiscard]] std::size_t lane_of(PeerIndex index) const { return index % lanes(); }
  [[nodiscard]] std::size_t lanes() const { return lanes_.size(); }
  [[nodiscard]] UpLane& up(std::size_t lane = 0) { return lanes_[lane]->up; }
  [[nodiscard]] DownLane& down(std::size_t lane = 0) { return lanes_[lane]->down; }
  // As UpLane::limit_rate; of each lane.
  void limit_rate(std::uint64_t bytes_per_second) {
    for (const auto& lane : lanes_) lane->up.limit_rate(bytes_per_second);
  }
  // Instead of PlaneSetup::block_ipv6 and of those before. Of a client alone.
  void set_inside(std::unique_ptr<const InsideRules> rules) { tables_.publish(std::move(rules)); }

 private:
  struct Known {
    PeerSpec spec;
    PeerSlot slot;  // the latest published
  };

  // What the keys of a pair of lanes work with.
  struct Engines {
    explicit Engines(crypto::Engine engine) : up(engine), down(engine) {}
    crypto::LaneEngine up;
    crypto::LaneEngine down;
  };

  // A pair of lanes and its rings to and from the control thread.
  struct Lane {
    Lane(DataPlane& plane, std::size_t number, std::span<ports::Doorbell* const> up_bells);
    OrderRing orders;
    ReportRing up_reports;
    ReportRing down_reports;
    UpLane up;
    DownLane down;
  };

  void settle_lane(Known& known);
  void publish(Known& known);
  bool order_for(PeerIndex index, Order::Kind kind, Bytes bytes);
  bool order(std::size_t lane, const Order& order, Bytes bytes);
  void publish_addresses();

  PlaneSetup setup_;
  Surroundings around_;
  std::vector<Engines> engines_;  // one for each pair of lanes; outlive the keys, wherever they are
  Quiescence quiescence_;
  Tables tables_;
  Handoffs handoffs_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::size_t first_reported_ = 0;  // lanes take turns in being heard first
  std::map<PeerIndex, Known> known_;
};

}  // namespace adit::plane
