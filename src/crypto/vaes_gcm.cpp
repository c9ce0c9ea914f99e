#include "crypto/vaes_gcm.h"

#ifdef __x86_64__

#include <algorithm>
#include <cpuid.h>
#include <cstring>

#include "crypto/aead_parts.h"
#include "crypto/vaes_field.h"
#include "crypto/vaes_key.h"

namespace adit::crypto {

namespace {

using vaes::aes_block_bytes;
using vaes::aes_pair_bytes;
using vaes::chunk_bytes;
using vaes::chunk_pairs;
using vaes::load;
using vaes::load_pair;
using vaes::power_count;
using vaes::store;
using vaes::store_pair;

#define ADIT_UNROLLED _Pragma("GCC unroll 16")

// What is in the making, of keystream and text. Wiped after a run.
struct Scratch {
  alignas(64) std::uint8_t stream[chunk_bytes];
  alignas(32) std::uint8_t last[aes_pair_bytes];
};

// Blocks of keystream.
struct Stream {
  __m256i pairs[chunk_pairs];
};

// One packet. sealing: GHASH reads what was written, else what is read.
template <bool sealing>
class Passage {
 public:
  ADIT_VAES_INLINE static void run(const vaes::Key& key, Scratch& scratch, const AeadItem& item,
                                   std::uint8_t* tag) {
    Passage passage(key, scratch, item.text, item.text_bytes);
    passage.begin(item);
    passage.whole_chunks();
    store(tag, passage.finished(item));
  }

 private:
  ADIT_VAES_INLINE Passage(const vaes::Key& key, Scratch& scratch, std::uint8_t* text,
                           std::size_t bytes)
      : key_(key), scratch_(scratch), text_(text), left_(bytes) {}

  // The first counters, the mask of the tag, and GHASH over the additional data.
  ADIT_VAES_INLINE void begin(const AeadItem& item) {
    long long first = 0;
    std::uint32_t second = 0;
    std::memcpy(&first, item.nonce.data(), sizeof first);
    std::memcpy(&second, item.nonce.data() + sizeof first, sizeof second);
    const __m128i nonce = _mm_set_epi64x(second, first);
    counters_ = _mm256_add_epi32(vaes::both(nonce), _mm256_set_epi32(3, 0, 0, 0, 2, 0, 0, 0));
    mask_ = vaes::encrypted(key_, _mm_or_si128(nonce, _mm_set_epi32(1 << 24, 0, 0, 0)));
    hash_ = _mm_setzero_si128();
    const std::uint8_t* at = item.additional;
    for (std::size_t left = item.additional_bytes; left > 0;) {
      const std::size_t some = std::min(left, aes_block_bytes);
      hash_ = _mm_xor_si128(hash_, vaes::reversed(gathered(at, some)));
      hash_ = vaes::product(hash_, load(key_.powers[power_count - 1]));
      at += some;
      left -= some;
    }
  }

  ADIT_VAES_INLINE static __m128i gathered(const std::uint8_t* at, std::size_t bytes) {
    // Most often it is eight; they need not go through memory.
    if (bytes == 8) return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
    alignas(16) std::uint8_t block[aes_block_bytes] = {};
    std::memcpy(block, at, bytes);
    return load(block);
  }

  ADIT_VAES_INLINE void whole_chunks() {
    Stream stream;
    if (sealing && left_ >= chunk_bytes) {
      next_counters<chunk_pairs>(stream);
      encrypt<chunk_pairs>(stream, 1);
      apply(stream);
    }
    while (left_ >= chunk_bytes) {
      encrypt_and_hash(stream, sealing ? text_ - chunk_bytes : text_);
      apply(stream);
    }
  }

  // What is left, less than a chunk; the tag.
  ADIT_VAES_INLINE __m128i finished(const AeadItem& item) {
    Stream stream;
    if (sealing && item.text_bytes >= chunk_bytes) {
      encrypt_and_hash(stream, text_ - chunk_bytes);
      lay_out<chunk_pairs>(stream);
    } else if (left_ <= chunk_bytes / 2) {
      next_counters<chunk_pairs / 2>(stream);
      encrypt<chunk_pairs / 2>(stream, 1);
      lay_out<chunk_pairs / 2>(stream);
    } else {
      next_counters<chunk_pairs>(stream);
      encrypt<chunk_pairs>(stream, 1);
      lay_out<chunk_pairs>(stream);
    }
    const auto bits = [](std::size_t bytes) { return static_cast<long long>(bytes) * 8; };
    const __m128i lengths = _mm_set_epi64x(bits(item.additional_bytes), bits(item.text_bytes));
    return _mm_xor_si128(vaes::reversed(hashed_rest(lengths)), mask_);
  }

  ADIT_VAES_INLINE __m128i hashed_rest(__m128i lengths) {
    const std::size_t blocks =
        (left_ + aes_block_bytes - 1) / aes_block_bytes + 1;  // with the lengths
    std::size_t power = power_count - blocks;
    const std::uint8_t* stream = scratch_.stream;
    vaes::Sum sum = vaes::no_products();
    __m256i before = _mm256_zextsi128_si256(hash_);
    for (; left_ >= aes_pair_bytes; left_ -= aes_pair_bytes) {
      const __m256i in = load_pair(text_);
      const __m256i out = _mm256_xor_si256(in, load_pair(stream));
      store_pair(text_, out);
      add(sum, _mm256_xor_si256(vaes::reversed(sealing ? out : in), before), power);
      before = _mm256_setzero_si256();
      text_ += aes_pair_bytes;
      stream += aes_pair_bytes;
      power += 2;
    }
    const __m256i last = _mm256_xor_si256(vaes::reversed(last_pair(stream)), before);
    if (left_ == 0) {
      add(sum, _mm256_xor_si256(last, _mm256_zextsi128_si256(lengths)), power);
    } else if (left_ <= aes_block_bytes) {
      add(sum, _mm256_inserti128_si256(last, lengths, 1), power);
    } else {
      add(sum, last, power);
      add(sum, _mm256_zextsi128_si256(lengths), power + 2);
    }
    return vaes::reduced(sum);
  }

  // The end of the text, less than a pair: its ciphertext with zeros behind.
  ADIT_VAES_INLINE __m256i last_pair(const std::uint8_t* stream) {
    if (left_ == 0) return _mm256_setzero_si256();
    store_pair(scratch_.last, _mm256_setzero_si256());
    std::memcpy(scratch_.last, text_, left_);
    const __m256i in = load_pair(scratch_.last);
    store_pair(scratch_.last, _mm256_xor_si256(in, load_pair(stream)));
    std::memcpy(text_, scratch_.last, left_);
    if (!sealing) return in;
    std::memset(scratch_.last + left_, 0, aes_pair_bytes - left_);
    return load_pair(scratch_.last);
  }

  ADIT_VAES_INLINE void add(vaes::Sum& sum, __m256i pair, std::size_t power) const {
    vaes::add_product(sum, pair, load_pair(key_.powers[power]),
                      load_pair(key_.folded_powers[power]));
  }

  ADIT_VAES_INLINE void apply(const Stream& stream) {
    ADIT_UNROLLED
    for (int i = 0; i < chunk_pairs; ++i, text_ += aes_pair_bytes) {
      store_pair(text_, _mm256_xor_si256(stream.pairs[i], load_pair(text_)));
    }
    left_ -= chunk_bytes;
  }

  template <int pairs>
  ADIT_VAES_INLINE void lay_out(const Stream& stream) {
    ADIT_UNROLLED
    for (int i = 0; i < pairs; ++i) {
      store_pair(scratch_.stream + static_cast<std::size_t>(i) * aes_pair_bytes, stream.pairs[i]);
    }
  }

  template <int pairs>
  ADIT_VAES_INLINE void next_counters(Stream& stream) {
    const __m256i big_endian =
        vaes::both(_mm_set_epi8(12, 13, 14, 15, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    const __m256i round = load_pair(key_.rounds[0]);
    ADIT_UNROLLED
    for (int i = 0; i < pairs; ++i) {
      stream.pairs[i] = _mm256_xor_si256(_mm256_shuffle_epi8(counters_, big_endian), round);
      counters_ = _mm256_add_epi32(counters_, _mm256_set_epi32(2, 0, 0, 0, 2, 0, 0, 0));
    }
  }

  template <int pairs>
  ADIT_VAES_INLINE void encrypt_round(Stream& stream, int number) const {
    const __m256i round = load_pair(key_.rounds[number]);
    ADIT_UNROLLED
    for (int i = 0; i < pairs; ++i) {
      stream.pairs[i] = _mm256_aesenc_epi128(stream.pairs[i], round);
    }
  }

  // from: the round to go on with, at most 10. Unrolled, since GCC copies all registers in a loop.
  template <int pairs>
  ADIT_VAES_INLINE void encrypt(Stream& stream, int from) const {
    ADIT_UNROLLED
    for (int i = from; i < 10; ++i) encrypt_round<pairs>(stream, i);
    if (key_.last_round > 10) {
      encrypt_round<pairs>(stream, 10);
      encrypt_round<pairs>(stream, 11);
    }
    if (key_.last_round > 12) {
      encrypt_round<pairs>(stream, 12);
      encrypt_round<pairs>(stream, 13);
    }
    const __m256i round = load_pair(key_.rounds[key_.last_round]);
    ADIT_UNROLLED
    for (int i = 0; i < pairs; ++i) {
      stream.pairs[i] = _mm256_aesenclast_epi128(stream.pairs[i], round);
    }
  }

  // The keystream of a chunk, and between its rounds GHASH over a chunk of ciphertext.
  ADIT_VAES_INLINE void encrypt_and_hash(Stream& stream, const std::uint8_t* hashed) {
    next_counters<chunk_pairs>(stream);
    vaes::Sum sum = vaes::no_products();
    __m256i before = _mm256_zextsi128_si256(hash_);
    ADIT_UNROLLED
    for (int i = 0; i < chunk_pairs; ++i) {
      const __m256i pair =
          vaes::reversed(load_pair(hashed + static_cast<std::size_t>(i) * aes_pair_bytes));
      encrypt_round<chunk_pairs>(stream, i + 1);
      add(sum, i == 0 ? _mm256_xor_si256(pair, before) : pair,
          power_count - 2 * chunk_pairs + 2 * static_cast<std::size_t>(i));
    }
    hash_ = vaes::reduced(sum);
    encrypt<chunk_pairs>(stream, chunk_pairs + 1);
  }

  const vaes::Key& key_;
  Scratch& scratch_;
  std::uint8_t* text_;  // how far it is
  std::size_t left_;
  __m128i mask_, hash_;
  __m256i counters_;
};

ADIT_VAES void seal_one(const vaes::Key& key, Scratch& scratch, const AeadItem& item) {
  Passage<true>::run(key, scratch, item, item.tag);
}
ADIT_VAES void open_one(const vaes::Key& key, Scratch& scratch, const AeadItem& item,
                        std::uint8_t* tag) {
  Passage<false>::run(key, scratch, item, tag);
}

class VaesGcmKey final : public AeadKey {
 public:
  explicit VaesGcmKey(Bytes key) { vaes::expand(key, key_); }
  ~VaesGcmKey() override { explicit_bzero(&key_, sizeof key_); }
  VaesGcmKey(const VaesGcmKey&) = delete;
  VaesGcmKey& operator=(const VaesGcmKey&) = delete;

  void seal(std::span<AeadItem> run) override {
    Scratch scratch;
    for (const AeadItem& item : run) seal_one(key_, scratch, item);
    explicit_bzero(&scratch, sizeof scratch);
  }

  void open(std::span<AeadItem> run) override {
    Scratch scratch;
    AeadTag computed;
    for (AeadItem& item : run) {
      open_one(key_, scratch, item, computed.data());
      item.authentic = same_tag(computed.data(), item.tag);
    }
    explicit_bzero(&scratch, sizeof scratch);
    explicit_bzero(computed.data(), sizeof computed);
  }

  void prefetch() const override { prefetch_lines(&key_, sizeof key_); }

 private:
  vaes::Key key_;
};

}  // namespace

std::string missing_for_vaes() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned vaes_and_vpclmulqdq = 3u << 9;
  const bool asked = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0;
  const bool wide = asked && (ecx & vaes_and_vpclmulqdq) == vaes_and_vpclmulqdq;
  if (wide && __builtin_cpu_supports("avx2")) return {};  // which asks the kernel's leave, too
  return "this CPU has no wide AES instructions (VAES, VPCLMULQDQ)";
}

std::unique_ptr<AeadKey> make_vaes_gcm_key(const Cipher& cipher, Bytes key) {
  if (!cipher.name.starts_with("AES-") || !cipher.name.ends_with("-GCM")) return nullptr;
  return std::make_unique<VaesGcmKey>(key);
}

}  // namespace adit::crypto

#else

namespace adit::crypto {

std::string missing_for_vaes() { return "this is not an x86 CPU"; }
std::unique_ptr<AeadKey> make_vaes_gcm_key(const Cipher&, Bytes) { return nullptr; }

}  // namespace adit::crypto

#endif
