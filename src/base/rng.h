#pragma once

#include "base/bytes.h"

namespace adit {

// Source of random bytes. The real one is cryptographic; the simulator's is seeded.
class Rng {
 public:
  virtual ~Rng() = default;
  virtual void fill(MutableBytes out) = 0;

  std::uint64_t number() {
    std::uint8_t bytes[8];
    fill(bytes);
    return Reader(bytes).u64();
  }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : number() % bound; }
};

}  // namespace adit
