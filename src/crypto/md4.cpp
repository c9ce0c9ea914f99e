#include "crypto/md4.h"

#include <bit>
#include <cstring>

namespace adit::crypto {

namespace {

constexpr std::size_t block_bytes = 64, words = 16, length_bytes = 8;

using State = std::array<std::uint32_t, 4>;
using Block = std::array<std::uint32_t, words>;

// One round: what mixes three words, what is added, in which order the block is read, and by how
// many bits is turned. source: RFC 1320 section 3.4
struct Round {
  std::uint32_t (*mix)(std::uint32_t x, std::uint32_t y, std::uint32_t z);
  std::uint32_t constant;
  std::array<std::uint8_t, words> order;
  std::array<std::uint8_t, 4> turns;
};

constexpr std::array<Round, 3> rounds{{
    {[](std::uint32_t x, std::uint32_t y, std::uint32_t z) { return (x & y) | (~x & z); },
     0,
     {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
     {3, 7, 11, 19}},
    {[](std::uint32_t x, std::uint32_t y, std::uint32_t z) { return (x & y) | (x & z) | (y & z); },
     0x5a827999,
     {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
     {3, 5, 9, 13}},
    {[](std::uint32_t x, std::uint32_t y, std::uint32_t z) { return x ^ y ^ z; },
     0x6ed9eba1,
     {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
     {3, 9, 11, 15}},
}};

std::uint32_t load_little(const std::uint8_t* at) {
  return std::uint32_t{at[0]} | (std::uint32_t{at[1]} << 8) | (std::uint32_t{at[2]} << 16) |
         (std::uint32_t{at[3]} << 24);
}

void store_little(std::uint8_t* at, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void digest_block(State& state, const std::uint8_t* bytes) {
  Block block;
  for (std::size_t i = 0; i < words; ++i) block[i] = load_little(bytes + 4 * i);
  State now = state;
  for (const Round& round : rounds) {
    for (std::size_t i = 0; i < words; ++i) {
      auto& [a, b, c, d] = now;
      const std::uint32_t sum = a + round.mix(b, c, d) + block[round.order[i]] + round.constant;
      now = {d, std::rotl(sum, round.turns[i % 4]), b, c};
    }
  }
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += now[i];
}

}  // namespace

std::array<std::uint8_t, md4_bytes> md4(Bytes message) {
  State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  Buffer padded = to_buffer(message);
  padded.push_back(0x80);
  while (padded.size() % block_bytes != block_bytes - length_bytes) padded.push_back(0);
  padded.resize(padded.size() + length_bytes);
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  store_little(&padded[padded.size() - 8], static_cast<std::uint32_t>(bits));
  store_little(&padded[padded.size() - 4], static_cast<std::uint32_t>(bits >> 32));
  for (std::size_t at = 0; at < padded.size(); at += block_bytes) digest_block(state, &padded[at]);
  std::array<std::uint8_t, md4_bytes> out;
  for (std::size_t i = 0; i < state.size(); ++i) store_little(&out[4 * i], state[i]);
  explicit_bzero(padded.data(), padded.size());
  return out;
}

}  // namespace adit::crypto
