#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "ip/ethernet.h"
#include "plane/peer.h"

namespace adit::plane {

// A network card somewhere behind a peer. VLANs are networks apart: the same address may be in
// several of them.
struct Station {
  ip::MacAddress address;
  std::uint16_t vlan = 0;  // 0: there are none

  // "00:ff:1a:2b:3c:4d@0"
  [[nodiscard]] std::string text() const { return address.text() + '@' + std::to_string(vlan); }
  auto operator<=>(const Station&) const = default;
};

// When a station last sent something.
class Heard {
 public:
  explicit Heard(Instant first) : last_(first) {}
  // Any lane. Once is enough: what was written already stays in every core's cache.
  void note() {
    if (!noted_.load(std::memory_order_relaxed)) noted_.store(true, std::memory_order_relaxed);
  }
  // Control thread. What was noted since the last call counts as of this one.
  [[nodiscard]] Instant last(Instant now) {
    if (noted_.exchange(false, std::memory_order_relaxed)) last_ = now;
    return last_;
  }

 private:
  std::atomic<bool> noted_{false};
  Instant last_;
};

struct StationOwner {
  PeerIndex peer = no_peer;
  std::shared_ptr<Heard> heard;  // nullptr: nobody wants to know
};

// Which peer a station is behind. Immutable once published.
class MacTable {
 public:
  MacTable() = default;
  // seed: makes it hard to choose addresses that meet in one place
  MacTable(const std::map<Station, StationOwner>& stations, std::uint64_t seed);

  // no_peer: nobody knows.
  [[nodiscard]] PeerIndex find(const Station& station) const { return owner(station).peer; }
  // Whether it is known to be there, from where something of it has just come.
  [[nodiscard]] bool hear(const Station& station, PeerIndex peer) const {
    const StationOwner& known = owner(station);
    if (known.peer != peer) return false;
    if (known.heard != nullptr) known.heard->note();
    return true;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    StationOwner owner;
  };
  [[nodiscard]] const StationOwner& owner(const Station& station) const {
    if (slots_.empty()) return nobody_;
    const std::uint64_t key = key_of(station);
    for (std::size_t at = place_of(key);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.owner.peer == no_peer || slot.key == key) return slot.owner;
    }
  }
  [[nodiscard]] static std::uint64_t key_of(const Station& station) {
    return std::uint64_t{station.vlan} << 48 | station.address.number();
  }
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const {
    std::uint64_t mixed = (key ^ seed_) * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93u;
    return (mixed ^ mixed >> 32) & (slots_.size() - 1);
  }

  static inline const StationOwner nobody_;
  std::vector<Slot> slots_;  // a power of two, at most half of them in use
  std::uint64_t seed_ = 0;
};

}  // namespace adit::plane
