#pragma once

#include <functional>
#include <map>
#include <memory>

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
  // Payload bytes of one datagram; 0: no "fragment". More wants PlaneSetup::fragments.
  std::size_t fragment_most = 0;
  wire::CompressionFraming framing = wire::CompressionFraming::none;
  bool compress = false;  // wants PlaneSetup::compress
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
  bool small_blocks = false;  // the cipher has blocks below 128 bits
};

// What of a data key must outlive a process; its material travels with the session.
struct KeyCarry {
  std::uint8_t key_id = 0;
  crypto::SealState seal;
  crypto::OpenState open;
};

// The control thread's side of the plane: it owns the tables and the rings, publishes peers, keys
// and routes, and hears what the lanes report. The verbs are those of the kernel's own offload, so
// that another implementation can stand here. Everything but up() and down() is for the control
// thread alone.
class DataPlane {
 public:
  // The ports and doorbells must outlive the plane. rng must be safe in the up lane's thread.
  struct Surroundings {
    ports::TunPort& tun;
    ports::LinkPort& link;
    ports::Doorbell& control;
    ports::Doorbell& up_bell;
    ports::Doorbell& down_bell;
    Rng& rng;
  };
  DataPlane(const PlaneSetup& setup, const Surroundings& around);

  // Peers.
  void set_peer(PeerIndex index, const PeerSpec& spec);  // new, or changed: keys and meters stay
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

  // Whose packets beyond this size came from the peer lately? Each is a report (Kind::flow).
  void ask_flows(PeerIndex index, std::size_t larger_than);

  // Hands out what the lanes reported, oldest first, at most limit. bytes may be changed in place.
  std::size_t take_reports(std::size_t limit,
                           const std::function<void(const Report&, MutableBytes)>& take);

  void float_decided(PeerIndex index);  // further moves of this peer are reported again
  [[nodiscard]] PeerTraffic traffic(PeerIndex index) const;
  [[nodiscard]] std::optional<KeyWear> wear(PeerIndex index, std::uint8_t key_id) const;
  [[nodiscard]] Disorder disorder(PeerIndex index) const;
  [[nodiscard]] DropCounters drops() const;
  [[nodiscard]] DropCounters drops(PeerIndex index) const;  // of what it sent us
  // Only while no lane runs.
  [[nodiscard]] std::vector<KeyCarry> carry(PeerIndex index) const;

  void collect() { quiescence_.collect(); }
  [[nodiscard]] std::size_t capacity() const { return tables_.capacity(); }

  [[nodiscard]] UpLane& up() { return up_; }
  [[nodiscard]] DownLane& down() { return down_; }

 private:
  struct Known {
    PeerSpec spec;
    PeerSlot slot;  // the latest published
  };

  void publish(Known& known);
  void publish_addresses();

  PlaneSetup setup_;
  Surroundings around_;
  Quiescence quiescence_;
  Tables tables_;
  OrderRing orders_;
  std::unique_ptr<HandoffRing> handoffs_;
  ReportRing up_reports_;
  ReportRing down_reports_;
  UpLane up_;
  DownLane down_;
  std::map<PeerIndex, Known> known_;
};

}  // namespace adit::plane
