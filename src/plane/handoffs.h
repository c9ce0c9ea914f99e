#pragma once

#include <array>
#include <memory>
#include <vector>

#include "plane/message_ring.h"
#include "plane/peer.h"
#include "ports/doorbell.h"

namespace adit::plane {

// A packet for a peer whose transmit side another lane owns.
struct Handoff {
  PeerIndex to = no_peer;
  bool from_tun = false;  // otherwise from another client
};
using HandoffRing = MessageRing<Handoff>;

// Who sends how much of what lately came into a queue. Peers whose indices differ by a multiple of
// the number of buckets are taken for one.
class Shares {
 public:
  void count(PeerIndex peer) {
    ++counts_[peer % buckets];
    if (++total_ == window) forget_half();
  }
  // More than an eighth is his.
  [[nodiscard]] bool loud(PeerIndex peer) const { return counts_[peer % buckets] * 8 > total_; }

 private:
  static constexpr std::size_t buckets = 256;
  static constexpr std::uint32_t window = 4096;
  void forget_half();

  std::array<std::uint32_t, buckets> counts_{};
  std::uint32_t total_ = 0;
};

// Packets on their way to up lanes that own their receivers: from a down lane (client-to-client),
// or from an up lane whose tun queue they came out of. One ring for each producer and owner.
class Handoffs {
 public:
  // between_clients: down lanes produce, too
  Handoffs(std::size_t lanes, bool between_clients, std::size_t largest_packet);

  // What one producing lane sends with. Its thread only.
  class Sender {
   public:
    // False: the ring is full, or there is none. by: the peer whose traffic it is; the last quarter
    // of a ring is kept from loud ones.
    [[nodiscard]] bool push(std::size_t lane, const Handoff& handoff, Bytes packet, PeerIndex by);
    // Wakes whom something was pushed to since; at the end of a turn.
    void ring();

   private:
    friend class Handoffs;
    struct Way {
      HandoffRing* ring = nullptr;
      ports::Doorbell* bell = nullptr;
      Shares shares;
      bool touched = false;
    };
    std::vector<Way> ways_;  // by owner
  };
  // What the owner takes from. Its thread only.
  class Receiver {
   public:
    [[nodiscard]] std::optional<HandoffRing::Message> front();
    void pop();

   private:
    friend class Handoffs;
    void next();

    std::vector<HandoffRing*> rings_;
    std::size_t at_ = 0;
    std::size_t taken_ = 0;  // from this ring, one after the other
  };

  // up_bells: one for each lane; they must outlive the senders.
  [[nodiscard]] Sender up_sender(std::size_t lane, std::span<ports::Doorbell* const> up_bells);
  [[nodiscard]] Sender down_sender(std::size_t lane, std::span<ports::Doorbell* const> up_bells);
  [[nodiscard]] Receiver receiver(std::size_t lane);

 private:
  // By producer, then owner; nullptr where none is needed.
  using Rings = std::vector<std::vector<std::unique_ptr<HandoffRing>>>;
  static Sender sender(const std::vector<std::unique_ptr<HandoffRing>>& rings,
                       std::span<ports::Doorbell* const> up_bells);

  Rings from_up_, from_down_;
};

}  // namespace adit::plane
