#pragma once

#include "base/bytes.h"

namespace adit {

// Bytes that no compression makes fewer, for packets whose size is their meaning. Whoever knows the
// seed knows them: they protect nothing.
inline void fill_with_noise(MutableBytes out, std::uint64_t seed) {
  std::uint64_t state = seed | 1;
  for (std::uint8_t& byte : out) {
    state ^= state << 13;  // xorshift64, Marsaglia 2003
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<std::uint8_t>(state >> 32);
  }
}

}  // namespace adit
