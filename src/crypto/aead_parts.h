#pragma once

// What engines of AEAD share. Include from their files only.

#include <array>
#include <cstdint>
#include <cstring>

#include "crypto/aead.h"

namespace adit::crypto {

using AeadTag = std::array<std::uint8_t, aead_tag_bytes>;

// In constant time.
inline bool same_tag(const std::uint8_t* a, const std::uint8_t* b) {
  std::array<std::uint64_t, 2> left;
  std::array<std::uint64_t, 2> right;
  static_assert(sizeof left == aead_tag_bytes);
  std::memcpy(left.data(), a, sizeof left);
  std::memcpy(right.data(), b, sizeof right);
  return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
}

inline void prefetch_lines(const void* at, std::size_t bytes) {
  constexpr std::size_t cache_line = 64;
  const auto* first = static_cast<const std::uint8_t*>(at);
  for (std::size_t i = 0; i < bytes; i += cache_line) __builtin_prefetch(first + i);
}

}  // namespace adit::crypto
