#pragma once

// What AES-GCM computes in registers of two blocks. Include from vaes_gcm.cpp and vaes_key.h only.
//
// GHASH (NIST SP 800-38D) reads bits the other way round than the multiplier; as in POLYVAL (RFC
// 8452, appendix A) blocks are reversed by bytes, H is multiplied by x once, and a product is
// reduced modulo x^128 + x^127 + x^126 + x^121 + 1 after Montgomery. Sums are kept unreduced: low
// and high half, and of Karatsuba's third product what the other two do not give.

#include <cstdint>
#include <immintrin.h>

#define ADIT_VAES __attribute__((target("avx2,aes,pclmul,vaes,vpclmulqdq")))
#define ADIT_VAES_INLINE ADIT_VAES __attribute__((always_inline)) inline

namespace adit::crypto::vaes {

ADIT_VAES_INLINE __m128i load(const std::uint8_t* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
ADIT_VAES_INLINE void store(std::uint8_t* at, __m128i block) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), block);
}
ADIT_VAES_INLINE __m256i load_pair(const std::uint8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}
ADIT_VAES_INLINE void store_pair(std::uint8_t* at, __m256i pair) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), pair);
}
ADIT_VAES_INLINE __m256i both(__m128i block) { return _mm256_broadcastsi128_si256(block); }

ADIT_VAES_INLINE __m128i byte_order() {
  return _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
ADIT_VAES_INLINE __m128i reversed(__m128i block) { return _mm_shuffle_epi8(block, byte_order()); }
ADIT_VAES_INLINE __m256i reversed(__m256i pair) {
  return _mm256_shuffle_epi8(pair, both(byte_order()));
}

ADIT_VAES_INLINE __m128i modulus() {
  return _mm_set_epi64x(static_cast<long long>(0xC200000000000000u), 1);
}

constexpr int swap_halves = 0x4E;
ADIT_VAES_INLINE __m128i folded(__m128i block) {
  return _mm_xor_si128(block, _mm_shuffle_epi32(block, swap_halves));
}
ADIT_VAES_INLINE __m256i folded(__m256i pair) {
  return _mm256_xor_si256(pair, _mm256_shuffle_epi32(pair, swap_halves));
}

ADIT_VAES_INLINE __m128i reduced(__m128i low, __m128i high, __m128i third) {
  const __m128i middle = _mm_xor_si128(third, _mm_xor_si128(low, high));
  low = _mm_xor_si128(low, _mm_slli_si128(middle, 8));
  high = _mm_xor_si128(high, _mm_srli_si128(middle, 8));
  for (int half = 0; half < 2; ++half) {
    const __m128i carry = _mm_clmulepi64_si128(low, modulus(), 0x10);
    low = _mm_xor_si128(_mm_shuffle_epi32(low, swap_halves), carry);
  }
  return _mm_xor_si128(high, low);
}

ADIT_VAES_INLINE __m128i product(__m128i a, __m128i b) {
  return reduced(_mm_clmulepi64_si128(a, b, 0x00), _mm_clmulepi64_si128(a, b, 0x11),
                 _mm_clmulepi64_si128(folded(a), folded(b), 0x00));
}

ADIT_VAES_INLINE __m128i times_x(__m128i block) {
  const __m128i carry = _mm_shuffle_epi32(_mm_srai_epi32(block, 31), 0xFF);
  const __m128i shifted =
      _mm_or_si128(_mm_slli_epi64(block, 1), _mm_slli_si128(_mm_srli_epi64(block, 63), 8));
  return _mm_xor_si128(shifted, _mm_and_si128(carry, modulus()));
}

// Products of pairs, summed up.
struct Sum {
  __m256i low, high, third;
};

ADIT_VAES_INLINE Sum no_products() {
  return {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
}

ADIT_VAES_INLINE void add_product(Sum& sum, __m256i pair, __m256i power, __m256i folded_power) {
  const __m256i low = _mm256_clmulepi64_epi128(pair, power, 0x00);
  const __m256i high = _mm256_clmulepi64_epi128(pair, power, 0x11);
  const __m256i third = _mm256_clmulepi64_epi128(folded(pair), folded_power, 0x00);
  sum.low = _mm256_xor_si256(sum.low, low);
  sum.high = _mm256_xor_si256(sum.high, high);
  sum.third = _mm256_xor_si256(sum.third, third);
  // Else GCC sums them up as a tree, and holds all of them till then in more registers than there
  // are.
  asm("" : "+x"(sum.low), "+x"(sum.high), "+x"(sum.third));
}

ADIT_VAES_INLINE __m128i halves_added(__m256i pair) {
  return _mm_xor_si128(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1));
}
ADIT_VAES_INLINE __m128i reduced(const Sum& sum) {
  return reduced(halves_added(sum.low), halves_added(sum.high), halves_added(sum.third));
}

}  // namespace adit::crypto::vaes
