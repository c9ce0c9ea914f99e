#pragma once

// The key of an AES-GCM of our own: what a packet needs of it, ready in memory. Include from
// vaes_gcm.cpp only.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "crypto/vaes_field.h"

namespace adit::crypto::vaes {

constexpr std::size_t aes_block_bytes = 16;
constexpr std::size_t aes_pair_bytes = 2 * aes_block_bytes;  // a register
// As many as the processor has under way at once; the rest of the 16 registers are for GHASH.
constexpr int chunk_pairs = 8;
constexpr std::size_t chunk_bytes = chunk_pairs * aes_pair_bytes;
constexpr int most_rounds = 14;
// Of H: for a whole chunk, and the lengths behind it. What stands behind the first is read with it.
constexpr std::size_t power_count = 2 * chunk_pairs + 2;

struct Key {
  alignas(64) std::uint8_t rounds[most_rounds + 1][aes_pair_bytes];   // each twice
  alignas(64) std::uint8_t powers[power_count + 1][aes_block_bytes];  // the highest first
  alignas(64) std::uint8_t folded_powers[power_count + 1][aes_block_bytes];
  int last_round;
};

// The S-box for each byte of a word.
ADIT_VAES_INLINE std::uint32_t substituted(std::uint32_t word) {
  const __m128i words = _mm_set1_epi32(static_cast<int>(word));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_aeskeygenassist_si128(words, 0)));
}

// FIPS 197, section 5.2.
ADIT_VAES inline void expand_rounds(Bytes key, Key& made) {
  const std::size_t key_words = key.size() / 4;
  made.last_round = static_cast<int>(key_words) + 6;
  const std::size_t word_count = 4 * (static_cast<std::size_t>(made.last_round) + 1);
  std::array<std::uint32_t, 4 * (most_rounds + 1)> words;
  std::memcpy(words.data(), key.data(), key.size());
  std::uint32_t constant = 1;
  for (std::size_t i = key_words; i < word_count; ++i) {
    std::uint32_t word = words[i - 1];
    if (i % key_words == 0) {
      word = substituted(word);
      word = (word >> 8 | word << 24) ^ constant;
      constant = constant << 1 ^ (constant >> 7) * 0x11B;
    } else if (key_words > 6 && i % key_words == 4) {
      word = substituted(word);
    }
    words[i] = words[i - key_words] ^ word;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(words.data());
  for (std::size_t i = 0; i < word_count / 4; ++i) {
    store_pair(made.rounds[i], both(load(bytes + i * aes_block_bytes)));
  }
  explicit_bzero(words.data(), sizeof words);
}

ADIT_VAES_INLINE __m128i encrypted(const Key& key, __m128i block) {
  block = _mm_xor_si128(block, load(key.rounds[0]));
  for (int i = 1; i < key.last_round; ++i) block = _mm_aesenc_si128(block, load(key.rounds[i]));
  return _mm_aesenclast_si128(block, load(key.rounds[key.last_round]));
}

ADIT_VAES inline void expand(Bytes key, Key& made) {
  expand_rounds(key, made);
  const __m128i h = times_x(reversed(encrypted(made, _mm_setzero_si128())));
  __m128i power = h;
  for (std::size_t i = power_count; i-- > 0;) {
    store(made.powers[i], power);
    store(made.folded_powers[i], folded(power));
    power = product(power, h);
  }
  store(made.powers[power_count], _mm_setzero_si128());
  store(made.folded_powers[power_count], _mm_setzero_si128());
}

}  // namespace adit::crypto::vaes
