#pragma once

#include <map>
#include <string>
#include <vector>

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

// Which peer a station is behind. Immutable once published.
class MacTable {
 public:
  MacTable() = default;
  // seed: makes it hard to choose addresses that meet in one place
  MacTable(const std::map<Station, PeerIndex>& stations, std::uint64_t seed);

  // no_peer: nobody knows.
  [[nodiscard]] PeerIndex find(const Station& station) const {
    if (slots_.empty()) return no_peer;
    const std::uint64_t key = key_of(station);
    for (std::size_t at = place_of(key);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.peer == no_peer || slot.key == key) return slot.peer;
    }
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    PeerIndex peer = no_peer;
  };
  [[nodiscard]] static std::uint64_t key_of(const Station& station) {
    return std::uint64_t{station.vlan} << 48 | station.address.number();
  }
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const {
    std::uint64_t mixed = (key ^ seed_) * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93u;
    return (mixed ^ mixed >> 32) & (slots_.size() - 1);
  }

  std::vector<Slot> slots_;  // a power of two, at most half of them in use
  std::uint64_t seed_ = 0;
};

}  // namespace adit::plane
