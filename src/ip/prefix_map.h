#pragma once

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "ip/address.h"

namespace adit::ip {

// Longest-prefix match. Built once, then only read: one hash look-up per distinct prefix length.
template <typename T>
class PrefixMap {
 public:
  // A later entry for an equal prefix replaces the earlier one.
  void insert(const Prefix& prefix, T value) {
    auto& levels = prefix.address.is_v4() ? v4_ : v6_;
    const auto at =
        std::ranges::lower_bound(levels, prefix.length, std::greater<>{}, &Level::length);
    if (at != levels.end() && at->length == prefix.length) {
      at->entries.insert_or_assign(prefix.address, std::move(value));
      return;
    }
    levels.insert(at, Level{prefix.length, {{prefix.address, std::move(value)}}});
  }

  [[nodiscard]] const T* find(const Address& address) const {
    for (const Level& level : address.is_v4() ? v4_ : v6_) {
      const auto entry = level.entries.find(address.masked(level.length));
      if (entry != level.entries.end()) return &entry->second;
    }
    return nullptr;
  }

  [[nodiscard]] const T* find_exactly(const Prefix& prefix) const {
    for (const Level& level : prefix.address.is_v4() ? v4_ : v6_) {
      if (level.length != prefix.length) continue;
      const auto entry = level.entries.find(prefix.address);
      return entry == level.entries.end() ? nullptr : &entry->second;
    }
    return nullptr;
  }

 private:
  struct Level {
    std::uint8_t length;
    std::unordered_map<Address, T, AddressHash> entries;
  };
  std::vector<Level> v4_;  // longest prefix first
  std::vector<Level> v6_;
};

}  // namespace adit::ip
