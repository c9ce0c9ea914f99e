#pragma once

#include <algorithm>
#include <vector>

#include "ip/address.h"

namespace adit::ip {

// Longest-prefix match: one hash look-up per distinct prefix length. Copying is cheap (flat
// memory), so that a changed map can be published as a new one.
template <typename T>
class PrefixMap {
 public:
  // A later entry for an equal prefix replaces the earlier one.
  void insert(const Prefix& prefix, T value) {
    auto& levels = prefix.address.is_v4() ? v4_ : v6_;
    auto at = std::ranges::lower_bound(levels, prefix.length, std::greater<>{}, &Level::length);
    if (at == levels.end() || at->length != prefix.length) {
      at = levels.insert(at, Level{prefix.length, {}, 0});
    }
    at->insert(prefix.address, std::move(value));
  }

  // Nothing happens if it is not there.
  void erase(const Prefix& prefix) {
    auto& levels = prefix.address.is_v4() ? v4_ : v6_;
    const auto level = std::ranges::find(levels, prefix.length, &Level::length);
    if (level == levels.end()) return;
    level->erase(prefix.address);
    if (level->used == 0) levels.erase(level);
  }

  [[nodiscard]] const T* find(const Address& address) const {
    for (const Level& level : address.is_v4() ? v4_ : v6_) {
      if (const T* found = level.find(address.masked(level.length))) return found;
    }
    return nullptr;
  }

  [[nodiscard]] const T* find_exactly(const Prefix& prefix) const {
    const auto& levels = prefix.address.is_v4() ? v4_ : v6_;
    const auto level = std::ranges::find(levels, prefix.length, &Level::length);
    return level == levels.end() ? nullptr : level->find(prefix.address);
  }

 private:
  struct Cell {
    Address address;
    bool used = false;
    T value{};
  };
  // All prefixes of one length: a hash table with linear probing, at most half full.
  struct Level {
    std::uint8_t length;
    std::vector<Cell> cells;  // a power of two, or none
    std::size_t used = 0;

    [[nodiscard]] std::size_t home(const Address& address) const {
      return AddressHash{}(address) & (cells.size() - 1);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (cells.size() - 1); }
    // Where it is, or the free cell where it belongs.
    [[nodiscard]] std::size_t seek(const Address& address) const {
      std::size_t at = home(address);
      while (cells[at].used && cells[at].address != address) at = next(at);
      return at;
    }
    [[nodiscard]] const T* find(const Address& address) const {
      const Cell& cell = cells[seek(address)];
      return cell.used ? &cell.value : nullptr;
    }
    void insert(const Address& address, T value) {
      if (2 * (used + 1) > cells.size()) grow();
      Cell& cell = cells[seek(address)];
      if (!cell.used) ++used;
      cell = {address, true, std::move(value)};
    }
    void grow() {
      constexpr std::size_t fewest = 4;
      std::vector<Cell> old(std::max(fewest, 2 * cells.size()));
      old.swap(cells);
      for (Cell& cell : old) {
        if (cell.used) cells[seek(cell.address)] = std::move(cell);
      }
    }
    // What was pushed on by the entry moves back, so that no hole stops a search.
    void erase(const Address& address) {
      std::size_t hole = seek(address);
      if (!cells[hole].used) return;
      --used;
      for (std::size_t at = next(hole); cells[at].used; at = next(at)) {
        const std::size_t mask = cells.size() - 1;
        const bool reaches_hole = ((at - home(cells[at].address)) & mask) >= ((at - hole) & mask);
        if (!reaches_hole) continue;
        cells[hole] = std::move(cells[at]);
        hole = at;
      }
      cells[hole] = {};
    }
  };
  std::vector<Level> v4_;  // longest prefix first
  std::vector<Level> v6_;
};

}  // namespace adit::ip
