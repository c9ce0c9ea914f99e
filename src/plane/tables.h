#pragma once

#include <atomic>
#include <unordered_map>
#include <vector>

#include "ip/prefix_map.h"
#include "plane/inside_rules.h"
#include "plane/mac_table.h"
#include "plane/peer.h"
#include "plane/quiescence.h"

namespace adit::plane {

struct LinkAddressHash {
  std::size_t operator()(const ports::LinkAddress& address) const noexcept {
    return ip::EndpointHash{}(address.remote) ^ address.stream * 0x9E3779B97F4A7C15u;
  }
};
struct SamePeer {
  bool operator()(const ports::LinkAddress& a, const ports::LinkAddress& b) const noexcept {
    return a.same_peer(b);
  }
};

// Which peer an inner address belongs to. Immutable once published.
struct RouteTable {
  ip::PrefixMap<PeerIndex> peers;
  MacTable macs;  // with Ethernet, instead
};

// Peers whose packets carry no peer id, by where they come from. Immutable once published.
using AddressTable = std::unordered_map<ports::LinkAddress, PeerIndex, LinkAddressHash, SamePeer>;

// The tables as lanes see them: written by the control thread, read without locks.
class Tables {
 public:
  Tables(std::size_t most_peers, Quiescence& quiescence);
  ~Tables();
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  // Lanes, between Reader::here() and away().
  [[nodiscard]] const PeerSlot* peer(PeerIndex index) const {
    return index < peers_.size() ? peers_[index].load(std::memory_order_seq_cst) : nullptr;
  }
  [[nodiscard]] const RouteTable& routes() const {
    return *routes_.load(std::memory_order_seq_cst);
  }
  [[nodiscard]] const AddressTable& addresses() const {
    return *addresses_.load(std::memory_order_seq_cst);
  }
  [[nodiscard]] const InsideRules& inside() const {
    return *inside_.load(std::memory_order_seq_cst);
  }
  // Peers beyond this index do not exist.
  [[nodiscard]] PeerIndex end() const { return end_.load(std::memory_order_seq_cst); }

  // client-to-client
  [[nodiscard]] bool clients_meet() const { return clients_meet_.load(std::memory_order_relaxed); }

  // Control thread.
  void publish(PeerIndex index, std::unique_ptr<const PeerSlot> slot);  // nullptr removes
  void publish(std::unique_ptr<const RouteTable> routes);
  void publish(std::unique_ptr<const AddressTable> addresses);
  void publish(std::unique_ptr<const InsideRules> rules);
  [[nodiscard]] std::size_t capacity() const { return peers_.size(); }
  void let_clients_meet(bool on) { clients_meet_.store(on, std::memory_order_relaxed); }

 private:
  Quiescence& quiescence_;
  std::vector<std::atomic<const PeerSlot*>> peers_;
  std::atomic<PeerIndex> end_{0};
  std::atomic<const RouteTable*> routes_;
  std::atomic<const AddressTable*> addresses_;
  std::atomic<const InsideRules*> inside_;
  std::atomic<bool> clients_meet_{false};
};

}  // namespace adit::plane
