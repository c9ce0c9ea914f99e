#pragma once

#include "plane/backlog.h"
#include "plane/counters.h"
#include "plane/handoffs.h"
#include "plane/lane.h"
#include "plane/lane_facts.h"
#include "plane/peer_finder.h"
#include "plane/plane_setup.h"
#include "plane/shaper.h"
#include "plane/tables.h"
#include "ports/doorbell.h"
#include "ports/tun_port.h"
#include "wire/compressor.h"

namespace adit::plane {

// A packet leaves (inside -> outside), all on one thread:
//
//   TunPort.read(batch)   packets land with room in front and behind
//     -> ip::look         version, addresses, length; malformed -> Drop
//     -> RouteTable       inner destination -> PeerSlot; none -> Drop
//                         (a frame, with Ethernet: where its receiver is)
//     -> clamp, frame     MSS, compression framing, pieces of "fragment"
//     -> Sealer.seal      a run of packets of one peer, numbered and sealed in order
//     -> LinkPort.write   the whole batch
//
// Owns the transmit state of its peers: of all, or with several lanes of every nth. Control
// datagrams and pings come as orders from the control thread and go first; packets for its peers
// also come from other lanes.
class UpLane {
 public:
  // Everything given must outlive the lane.
  struct Surroundings {
    const PlaneSetup& setup;
    std::size_t lane;  // its number
    Tables& tables;
    Quiescence::Reader& reader;
    ports::TunPort& tun;
    ports::LinkPort& link;
    OrderRing& orders;
    Handoffs::Receiver handoffs;   // packets for peers of this lane
    Handoffs::Sender other_lanes;  // packets for peers of other lanes
    ReportRing& reports;
    ports::Doorbell& control;
  };
  explicit UpLane(const Surroundings& around);

  // One bounded turn. Returns how much there was to do; 0: nothing.
  std::size_t turn(Instant now, WallTime wall);

  // With a rate: nothing is taken out of the tun before, whatever waits there. Lane's thread.
  [[nodiscard]] Instant held_until() const { return shaper_.open_at(); }

  [[nodiscard]] const DropBoard& drops() const { return board_; }
  [[nodiscard]] const LaneMeter& meter() const { return meter_; }
  // Bytes a second on the link, with the headers of outer packets, for all that comes out of the
  // tun; what the control thread sends neither waits nor counts. 0: no limit. Any thread.
  void limit_rate(std::uint64_t bytes_per_second) {
    rate_.store(bytes_per_second, std::memory_order_relaxed);
  }

 private:
  static constexpr unsigned answers_per_turn = 8;

  struct Pending {
    Packet* packet;
    const PeerSlot* peer;
    std::size_t inside_bytes;  // 0: not user traffic
  };
  // Of a packet that is to be sealed.
  struct Inside {
    std::size_t bytes;  // of users
    std::uint8_t tos;   // for the outer packet
  };

  std::size_t take_orders();
  std::size_t take_handoffs();
  std::size_t take_tun();
  [[nodiscard]] std::size_t ease_backlog(std::span<Packet> packets);
  void route(Packet& packet);
  void broadcast(const Packet& packet, PeerIndex except, std::uint16_t vlan = 0);
  [[nodiscard]] bool circles(Bytes packet, const ip::Address& destination);
  // up_lane_frames.cpp
  void route_frame(Packet& frame);
  void send_to_other_end(Packet& frame);
  void forward_frame(Packet& frame, PeerIndex from);
  // Where a packet came from, and an answer to it goes.
  enum class Origin { tun, peer };
  void send_inside(Packet& packet, const PeerSlot& peer, Origin origin);
  void hand_over(const Packet& packet, const PeerSlot& peer, Origin origin);
  [[nodiscard]] static bool is_too_big(const Packet& packet, const PeerSlot& peer) {
    return peer.inner_most != 0 && packet.size() > peer.inner_most;
  }
  void send_too_big(const Packet& packet, const PeerSlot& peer, Origin origin);
  void send_cut(const Packet& packet, const PeerSlot& peer);
  void answer_too_big(const Packet& packet, std::size_t mtu, Origin origin);
  void enqueue(Packet& packet, const PeerSlot* peer, std::size_t inside_bytes);
  void flush();
  void prepare_run(std::span<Pending> run);
  [[nodiscard]] MutableBytes ip_packet_in(Packet& packet) const;
  [[nodiscard]] std::uint8_t outer_tos(Bytes inner, const PeerSlot& peer) const;
  void cut(Packet& packet, const PeerSlot& peer, Inside inside);
  void add_piece(Packet& piece, const wire::FragmentHeader& header, Inside inside);
  void seal_run(const PeerSlot& peer);
  void write_out();
  bool answered_block_ipv6(const Packet& packet);
  void leave_client(Packet& packet, const ip::Address& destination);

  Surroundings around_;
  PeerFinder receivers_;
  PacketPool pool_;
  PacketPool spare_;  // copies for broadcasts, and what takes the place of a packet too big
  std::vector<Pending> pending_;
  std::unique_ptr<wire::Compressor> compressor_;  // with PlaneSetup::compress
  std::unique_ptr<PacketPool> pieces_;            // with PlaneSetup::fragments
  std::size_t pieces_used_ = 0;
  std::vector<Packet*> run_;
  std::vector<Inside> run_inside_;  // of each of run_
  std::vector<ports::OutgoingPacket> outgoing_;
  unsigned answers_left_ = answers_per_turn;
  DropCounters drops_;
  DropBoard board_;
  LaneMeter meter_;
  std::atomic<std::uint64_t> rate_{0};
  Shaper shaper_;
  Backlog backlog_;
  std::uint64_t on_link_ = 0;  // what the packets of one read came to
  Instant now_;
  std::uint32_t unix_ = 0;
};

}  // namespace adit::plane
