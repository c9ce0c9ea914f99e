#pragma once

#include <algorithm>
#include <array>
#include <compare>

#include "base/bytes.h"
#include "base/rng.h"

namespace adit::wire {

// Eight random bytes chosen by each side; all zero means "none".
struct SessionId {
  std::array<std::uint8_t, 8> value{};

  static SessionId from(Bytes bytes) {
    SessionId id;
    if (bytes.size() == id.value.size()) std::ranges::copy(bytes, id.value.begin());
    return id;
  }
  static SessionId random(Rng& rng) {
    SessionId id;
    while (!id.defined()) rng.fill(id.value);
    return id;
  }
  [[nodiscard]] bool defined() const { return *this != SessionId{}; }
  [[nodiscard]] Bytes bytes() const { return value; }
  auto operator<=>(const SessionId&) const = default;
};

}  // namespace adit::wire
