#pragma once

#include <array>
#include <memory>

#include "crypto/data_channel.h"
#include "plane/counters.h"
#include "plane/fragments.h"
#include "ports/link_port.h"
#include "wire/compression.h"
#include "wire/opcode.h"

namespace adit::plane {

// Index of a peer in the plane. On a server also its id on the wire.
using PeerIndex = std::uint32_t;
inline constexpr PeerIndex no_peer = 0xFFFFFFFF;

// What both lanes tell about one key; written by the owner of each half.
struct KeyMeter {
  Counter next_packet_id, sealed_blocks, send_epoch, sent_bytes;  // up lane
  Counter opened_packets, opened_blocks, failed, received_bytes;  // down lane
  Counter newest_long_id;                                         // down lane
  std::atomic<std::uint16_t> peer_epoch{0};  // down lane writes, up lane follows
};

struct SendKey {
  std::unique_ptr<crypto::Sealer> sealer;  // up lane
  std::shared_ptr<KeyMeter> meter;
  std::uint8_t key_id;
  bool epoch;
  bool small_blocks;
};
struct ReceiveKey {
  std::unique_ptr<crypto::Opener> opener;  // down lane
  std::shared_ptr<KeyMeter> meter;
};

// So many of something in a second. For one thread.
class PerSecond {
 public:
  [[nodiscard]] bool one_more(Instant now, unsigned most) {
    if (since_ + std::chrono::seconds(1) <= now) {
      since_ = now;
      count_ = 0;
    }
    return count_ < most && ++count_ > 0;
  }

 private:
  Instant since_ = Instant::min();
  unsigned count_ = 0;
};

// Lives as long as the peer, over all its snapshots.
struct PeerMeter {
  Flow sent;                             // up lane
  Flow received;                         // down lane
  DisorderMeter disorder;                // down lane
  DropBoard drops;                       // down lane
  PerSecond asking;                      // down lane: frames of stations that were not known
  std::atomic<bool> float_untold{true};  // a packet from another address is reported
  std::atomic<bool> awaited{false};      // the next packet is reported
};

// Everything a lane needs to know of a peer. Immutable: a change is a new one in its place.
struct PeerSlot {
  PeerIndex index = no_peer;
  std::size_t lane = 0;  // the pair of lanes that owns it and its keys
  ports::LinkAddress address;
  bool may_float = false;       // another address is worth reporting once it authenticated
  bool check_source = false;    // inner source must be routed to this peer
  std::uint16_t mss = 0;        // 0: leave alone
  std::size_t inner_most = 0;   // larger inner packets do not fit the path; 0: all do
  std::uint64_t echo_mark = 0;  // answers to echo requests with it are ours; 0: none are awaited
  bool note_flows = false;      // for DownLane::ask_flows
  std::uint16_t vlan = 0;       // with PlaneSetup::vlans
  bool dhcp_router = false;     // see PeerSpec
  wire::CompressionFraming framing = wire::CompressionFraming::none;
  bool compress = false;                 // what is sent, where it gets shorter
  bool decompress = false;               // what arrives compressed is not dropped
  std::size_t fragment_most = 0;         // payload bytes of one datagram; 0: no "fragment"
  std::shared_ptr<Fragments> fragments;  // with "fragment"
  std::shared_ptr<PeerMeter> meter;
  std::shared_ptr<SendKey> send;
  std::array<std::shared_ptr<ReceiveKey>, wire::key_id_count> receive;
  std::array<std::shared_ptr<SendKey>, wire::key_id_count> sendable;
};

}  // namespace adit::plane
