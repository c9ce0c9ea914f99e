#ifdef ADIT_WITH_IPSEC_MB

#include <algorithm>

#include "crypto/ipsec_mb_keys.h"

namespace adit::crypto {

namespace {

constexpr std::size_t iv_bytes = 16;
constexpr std::size_t hash_block_most = 128;
using HashBlock = std::array<std::uint8_t, hash_block_most>;
using Mac = std::array<std::uint8_t, digest_bytes_max>;

// A digest as the library knows it.
struct KnownDigest {
  const char* name;
  IMB_HASH_ALG algorithm;
  std::size_t block_bytes;
  hash_one_block_t IMB_MGR::*one_block;
};
constexpr std::array known_digests{
    KnownDigest{"SHA1", IMB_AUTH_HMAC_SHA_1, 64, &IMB_MGR::sha1_one_block},
    KnownDigest{"SHA224", IMB_AUTH_HMAC_SHA_224, 64, &IMB_MGR::sha224_one_block},
    KnownDigest{"SHA256", IMB_AUTH_HMAC_SHA_256, 64, &IMB_MGR::sha256_one_block},
    KnownDigest{"SHA384", IMB_AUTH_HMAC_SHA_384, 128, &IMB_MGR::sha384_one_block},
    KnownDigest{"SHA512", IMB_AUTH_HMAC_SHA_512, 128, &IMB_MGR::sha512_one_block},
};

// What the direct interface makes of the keys.
struct Expanded {
  alignas(16) std::array<std::uint32_t, 60> encrypt, decrypt;
  alignas(16) Mac inner, outer;  // states of the hash after the key's two blocks
};

keyexp_t expansion_for(const IMB_MGR& manager, std::size_t key_bytes) {
  if (key_bytes == IMB_KEY_128_BYTES) return manager.keyexp_128;
  return key_bytes == IMB_KEY_192_BYTES ? manager.keyexp_192 : manager.keyexp_256;
}

void hash_key_block(hash_one_block_t one_block, const KnownDigest& digest, Bytes key,
                    std::uint8_t pad, Mac& state) {
  HashBlock block{};
  std::ranges::copy(key, block.begin());
  for (std::uint8_t& byte : std::span(block).first(digest.block_bytes)) byte ^= pad;
  one_block(block.data(), state.data());
  explicit_bzero(block.data(), block.size());
}

class JobCbcHmacKey final : public CbcHmacKey {
 public:
  JobCbcHmacKey(IMB_MGR& manager, Bytes key, const KnownDigest& digest, Bytes mac_key)
      : manager_(manager),
        algorithm_(digest.algorithm),
        key_bytes_(key.size()),
        mac_bytes_(mac_key.size()) {
    expansion_for(manager, key.size())(key.data(), keys_.encrypt.data(), keys_.decrypt.data());
    const hash_one_block_t one_block = manager.*digest.one_block;
    hash_key_block(one_block, digest, mac_key, 0x36, keys_.inner);
    hash_key_block(one_block, digest, mac_key, 0x5c, keys_.outer);
  }
  ~JobCbcHmacKey() override { explicit_bzero(&keys_, sizeof keys_); }
  JobCbcHmacKey(const JobCbcHmacKey&) = delete;
  JobCbcHmacKey& operator=(const JobCbcHmacKey&) = delete;

  void seal(std::span<CbcItem> run) override {
    Jobs jobs(manager_);
    for (const CbcItem& item : run) {
      IMB_JOB& job = describe(jobs, item, item.mac);
      job.cipher_direction = IMB_DIR_ENCRYPT;
      job.chain_order = IMB_ORDER_CIPHER_HASH;
      jobs.submit();
    }
    jobs.finish();
  }

  void open(std::span<CbcItem> run) override {
    ADIT_ASSERT(run.size() <= most_packets);
    std::array<Mac, most_packets> computed;
    Jobs jobs(manager_);
    for (std::size_t i = 0; i < run.size(); ++i) {
      IMB_JOB& job = describe(jobs, run[i], computed[i].data());
      job.cipher_direction = IMB_DIR_DECRYPT;
      job.chain_order = IMB_ORDER_HASH_CIPHER;
      jobs.submit();
    }
    jobs.finish();
    for (std::size_t i = 0; i < run.size(); ++i) {
      run[i].authentic =
          equal_constant_time(Bytes(computed[i]).first(mac_bytes_), {run[i].mac, mac_bytes_});
    }
  }

  void prefetch() const override { prefetch_lines(&keys_, sizeof keys_); }

 private:
  IMB_JOB& describe(Jobs& jobs, const CbcItem& item, std::uint8_t* mac) const {
    IMB_JOB& job = jobs.next();
    job.cipher_mode = IMB_CIPHER_CBC;
    job.hash_alg = algorithm_;
    job.enc_keys = keys_.encrypt.data();
    job.dec_keys = keys_.decrypt.data();
    job.key_len_in_bytes = key_bytes_;
    job.src = item.iv;
    job.dst = item.iv + iv_bytes;
    job.cipher_start_src_offset_in_bytes = iv_bytes;
    job.msg_len_to_cipher_in_bytes = item.text_bytes;
    job.hash_start_src_offset_in_bytes = 0;
    job.msg_len_to_hash_in_bytes = iv_bytes + item.text_bytes;
    job.iv = item.iv;
    job.iv_len_in_bytes = iv_bytes;
    job.auth_tag_output = mac;
    job.auth_tag_output_len_in_bytes = mac_bytes_;
    job.u.HMAC._hashed_auth_key_xor_ipad = keys_.inner.data();
    job.u.HMAC._hashed_auth_key_xor_opad = keys_.outer.data();
    return job;
  }

  Expanded keys_{};
  IMB_MGR& manager_;
  IMB_HASH_ALG algorithm_;
  std::size_t key_bytes_;
  std::size_t mac_bytes_;
};

}  // namespace

std::unique_ptr<CbcHmacKey> make_cbc_hmac_key(IMB_MGR& manager, const Cipher& cipher, Bytes key,
                                              const Digest& digest, Bytes mac_key) {
  if (cipher.mode != CipherMode::cbc || !cipher.name.starts_with("AES-")) return nullptr;
  const auto known = std::ranges::find_if(
      known_digests, [&](const KnownDigest& candidate) { return digest.name == candidate.name; });
  if (known == known_digests.end()) return nullptr;
  return std::make_unique<JobCbcHmacKey>(manager, key, *known, mac_key);
}

}  // namespace adit::crypto

#endif
