#pragma once

#include <array>

#include "plane/counters.h"
#include "plane/handoffs.h"
#include "plane/lane.h"
#include "plane/lane_facts.h"
#include "plane/large_flows.h"
#include "plane/peer_finder.h"
#include "plane/plane_setup.h"
#include "ports/doorbell.h"
#include "ports/tun_port.h"

namespace adit::plane {

// A packet arrives (outside -> inside), all on one thread:
//
//   LinkPort.read(batch) -> first byte tells data from control
//     control -> the control thread, on a bounded ring
//     data    -> Tables         peer id (or address) -> PeerSlot, key id -> ReceiveKey
//             -> Opener.open    a run of packets of one key; replay window before and after
//             -> Reassembler    pieces of "fragment", where it is set
//             -> unframe        compression framing; ping and OCC messages end here
//             -> ip::look       is the source allowed for this peer? clamp MSS
//                               (a frame, with Ethernet: is its sender behind this peer?)
//             -> TunPort.write  without acknowledgements that a later one of the batch replaces;
//                               or the up lane, when another client is meant
//
// Owns the receive state of its peers, so each replay window has one writer: of all peers, or with
// several lanes of every nth, whose packets the kernel hands to this lane's socket.
class DownLane {
 public:
  // Everything given must outlive the lane.
  struct Surroundings {
    const PlaneSetup& setup;
    std::size_t lane;  // its number
    Tables& tables;
    Quiescence::Reader& reader;
    ports::TunPort& tun;
    ports::LinkPort& link;
    ReportRing& reports;
    Handoffs::Sender up_lanes;  // of a server
    ports::Doorbell& control;
  };
  explicit DownLane(const Surroundings& around);

  // One bounded turn. Returns how much there was to do; 0: nothing.
  std::size_t turn(Instant now);

  // Between turns, on their thread: whether what is left, if anything, makes a descriptor of the
  // link readable.
  [[nodiscard]] bool is_drained() const {
    return closed_count_ == 0 && !around_.link.holds_packets();
  }
  [[nodiscard]] const DropBoard& drops() const { return board_; }
  [[nodiscard]] const LaneMeter& meter() const { return meter_; }
  // Any thread: the next turn reports the flows of a peer whose latest packet was larger. Of two
  // questions between two turns the later counts.
  void ask_flows(PeerIndex peer, std::size_t larger_than);

 private:
  static constexpr std::size_t most_closed_per_turn = 16;

  struct Arrival {
    std::size_t at;  // in the batch
    const PeerSlot* peer;
    ReceiveKey* key;
  };

  void sort(std::size_t at);
  void sort_data(std::size_t at, const wire::Head& head);
  void note_fragments(std::span<const std::uint16_t> in_fragments);
  void make_room(std::size_t at);
  const PeerSlot* find_peer(std::size_t at, const wire::Head& head) const;
  void ask_for_keys() const;
  void open_run(std::span<const Arrival> run);
  void accept(const Arrival& arrival);
  void deliver(const Arrival& arrival, Packet& packet);
  // down_lane_frames.cpp
  void deliver_frame(const Arrival& arrival, Packet& frame);
  [[nodiscard]] bool knows_station(const Arrival& arrival, const Packet& frame,
                                   const ip::EthernetHeader& header);
  void look_for_router(const PeerSlot& peer, MutableBytes packet);
  [[nodiscard]] bool switched(const Arrival& arrival, const Packet& frame,
                              const ip::EthernetHeader& header);
  bool for_other_client(const Arrival& arrival, const Packet& packet, const ip::Address& to);
  void refuse_source(const Arrival& arrival, const ip::Address& source);
  void refuse_v6(const PeerSlot& peer, Bytes packet);
  void hand_off(const Packet& packet, const PeerSlot& to, PeerIndex from);
  bool report(const Report& report, Bytes bytes);  // false: the ring is full
  void report_once(std::atomic<bool>& untold, const Report& report_of_it);
  void refused(const Arrival& arrival, const crypto::Opening& opening);
  void drop(const PeerSlot& peer, Drop reason);
  void write_inside();
  void report_closed_streams();
  // down_lane_path.cpp
  bool took_echo(const PeerSlot& peer, Bytes packet);
  void tell_flows();
  void tell_too_large();
  void tell_not_reached();

  Surroundings around_;
  PeerFinder owners_;  // of source addresses
  PacketPool pool_;
  std::vector<Packet> packets_;  // the batch: in the pool, or in memory of the link
  std::vector<ports::LinkAddress> from_;
  std::vector<Arrival> arrivals_;
  std::vector<crypto::Opening> openings_;
  std::vector<Packet*> inside_;
  Buffer unpacked_;                                              // room for decompression
  std::array<ports::LinkAddress, most_closed_per_turn> closed_;  // not yet reported
  std::size_t closed_count_ = 0;
  std::array<std::uint8_t, 1280> answer_{};  // the largest that IPv6 lets an error be
  DropCounters drops_;
  DropBoard board_;
  LaneMeter meter_;
  Instant now_;
  Instant last_bad_source_ = Instant::min();
  LargeFlows flows_;
  std::atomic<std::uint64_t> flows_asked_{0};  // peer, size, and a bit that is set; 0: nothing
  PerSecond hints_, errors_;                   // of the network, that were told of
  bool reported_ = false;
};

}  // namespace adit::plane
