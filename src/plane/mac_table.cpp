#include "plane/mac_table.h"

#include <bit>

namespace adit::plane {

MacTable::MacTable(const std::map<Station, StationOwner>& stations, std::uint64_t seed)
    : seed_(seed) {
  if (stations.empty()) return;
  slots_.resize(std::bit_ceil(stations.size() * 2));
  for (const auto& [station, owner] : stations) {
    const std::uint64_t key = key_of(station);
    std::size_t at = place_of(key);
    while (slots_[at].owner.peer != no_peer) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {key, owner};
  }
}

}  // namespace adit::plane
