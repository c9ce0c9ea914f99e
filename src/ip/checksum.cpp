#include "ip/checksum.h"

#include <algorithm>
#include <bit>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace adit::ip {

namespace {

// Sums of words in the machine's own byte order: the sum of 16-bit words does not depend on it
// until the end, where big_endian_sum() puts the two bytes the right way round.
//
// source: RFC 1071, section 2

std::uint64_t load_word(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// End-around carry.
std::uint64_t add_word(std::uint64_t sum, std::uint64_t word) {
  sum += word;
  return sum + (sum < word ? 1 : 0);
}

std::uint64_t big_endian_sum(std::uint64_t sum) {
  sum = (sum & 0xFFFFFFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16 & 0xFFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  if constexpr (std::endian::native == std::endian::little) sum = (sum >> 8 | sum << 8) & 0xFFFF;
  return sum;
}

template <bool copies>
std::uint64_t add_scalar(std::uint64_t sum, const std::uint8_t* from, std::size_t size,
                         std::uint8_t* to) {
  constexpr std::size_t word_bytes = sizeof(std::uint64_t);
  std::uint64_t other = 0;  // a second chain of carries, so that two additions go on at a time
  std::size_t at = 0;
  for (; at + 2 * word_bytes <= size; at += 2 * word_bytes) {
    if constexpr (copies) std::memcpy(to + at, from + at, 2 * word_bytes);
    sum = add_word(sum, load_word(from + at));
    other = add_word(other, load_word(from + at + word_bytes));
  }
  for (; at < size; at += word_bytes) {
    const std::size_t left = std::min(word_bytes, size - at);
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, left);
    if constexpr (copies) std::memcpy(to + at, &word, left);
    sum = add_word(sum, word);
  }
  return add_word(sum, other);
}

#if defined(__x86_64__)

constexpr std::size_t worth_vectors = 128;

__attribute__((target("avx2"))) inline __m256i halves(__m256i vector) {
  const __m256i low = _mm256_and_si256(vector, _mm256_set1_epi64x(0xFFFFFFFF));
  return _mm256_add_epi64(low, _mm256_srli_epi64(vector, 32));
}

// 32-bit words are added in 64-bit lanes, so nothing can overflow below 2^32 words.
template <bool copies>
__attribute__((target("avx2"))) std::uint64_t add_avx2(const std::uint8_t* from, std::size_t size,
                                                       std::uint8_t* to) {
  constexpr std::size_t vector_bytes = sizeof(__m256i);
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  std::size_t at = 0;
  for (; at + 2 * vector_bytes <= size; at += 2 * vector_bytes) {
    const auto* source = reinterpret_cast<const __m256i*>(from + at);
    const __m256i first = _mm256_loadu_si256(source);
    const __m256i second = _mm256_loadu_si256(source + 1);
    if constexpr (copies) {
      auto* target = reinterpret_cast<__m256i*>(to + at);
      _mm256_storeu_si256(target, first);
      _mm256_storeu_si256(target + 1, second);
    }
    even = _mm256_add_epi64(even, halves(first));
    odd = _mm256_add_epi64(odd, halves(second));
  }
  alignas(vector_bytes) std::uint64_t lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi64(even, odd));
  const std::uint64_t sum = lanes[0] + lanes[1] + lanes[2] + lanes[3];
  return add_scalar<copies>(sum, from + at, size - at, copies ? to + at : nullptr);
}

#endif

template <bool copies>
std::uint64_t add(const std::uint8_t* from, std::size_t size, std::uint8_t* to) {
#if defined(__x86_64__)
  if (size >= worth_vectors && __builtin_cpu_supports("avx2")) {
    return add_avx2<copies>(from, size, to);
  }
#endif
  return add_scalar<copies>(0, from, size, to);
}

}  // namespace

std::uint64_t checksum_add(std::uint64_t sum, Bytes bytes) {
  return sum + big_endian_sum(add<false>(bytes.data(), bytes.size(), nullptr));
}

std::uint64_t checksum_copy(std::uint64_t sum, Bytes from, std::uint8_t* to) {
  return sum + big_endian_sum(add<true>(from.data(), from.size(), to));
}

std::uint16_t checksum_fold(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint16_t checksum_adjust(std::uint16_t checksum, std::uint32_t before, std::uint32_t after) {
  std::uint64_t sum = static_cast<std::uint16_t>(~checksum);
  const std::uint32_t gone = ~before;
  sum += (gone >> 16) + (gone & 0xFFFFu);
  sum += (after >> 16) + (after & 0xFFFFu);
  return checksum_fold(sum);
}

std::uint64_t checksum_addresses(const std::uint8_t* packet, bool v4) {
  return v4 ? checksum_add(0, {packet + 12, 8}) : checksum_add(0, {packet + 8, 32});
}

bool checksums_hold(Bytes packet, std::size_t transport_at, std::uint8_t protocol) {
  const bool v4 = packet[0] >> 4 == 4;
  if (v4 && checksum_fold(checksum_add(0, packet.first(transport_at))) != 0) return false;
  const Bytes segment = packet.subspan(transport_at);
  const std::uint64_t pseudo_header =
      checksum_addresses(packet.data(), v4) + protocol + segment.size();
  return checksum_fold(checksum_add(pseudo_header, segment)) == 0;
}

}  // namespace adit::ip
