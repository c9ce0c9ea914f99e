#ifdef ADIT_WITH_IPSEC_MB

#include "crypto/ipsec_mb_keys.h"

namespace adit::crypto {

namespace {

// What the direct interface wants for one key length. It reads nothing that others write.
struct GcmCalls {
  aes_gcm_pre_t expand = nullptr;
  aes_gcm_enc_dec_t encrypt = nullptr;
  aes_gcm_enc_dec_t decrypt = nullptr;
};

class GcmKey final : public AeadKey {
 public:
  GcmKey(const GcmCalls& calls, Bytes key) : calls_(calls) { calls_.expand(key.data(), &key_); }
  ~GcmKey() override { explicit_bzero(&key_, sizeof key_); }
  GcmKey(const GcmKey&) = delete;
  GcmKey& operator=(const GcmKey&) = delete;

  void seal(std::span<AeadItem> run) override {
    gcm_context_data scratch;
    for (const AeadItem& item : run) work(calls_.encrypt, scratch, item, item.tag);
    explicit_bzero(&scratch, sizeof scratch);
  }

  void open(std::span<AeadItem> run) override {
    gcm_context_data scratch;
    AeadTag computed;
    for (AeadItem& item : run) {
      work(calls_.decrypt, scratch, item, computed.data());
      item.authentic = same_tag(computed.data(), item.tag);
    }
    explicit_bzero(&scratch, sizeof scratch);
    explicit_bzero(computed.data(), sizeof computed);
  }

  void prefetch() const override { prefetch_lines(&key_, sizeof key_); }

 private:
  void work(aes_gcm_enc_dec_t function, gcm_context_data& scratch, const AeadItem& item,
            std::uint8_t* tag) const {
    function(&key_, &scratch, item.text, item.text, item.text_bytes, item.nonce.data(),
             item.additional, item.additional_bytes, tag, aead_tag_bytes);
  }

  alignas(64) gcm_key_data key_;
  GcmCalls calls_;
};

std::unique_ptr<AeadKey> gcm(const GcmCalls& calls, Bytes key) {
  return std::make_unique<GcmKey>(calls, key);
}

class ChachaKey final : public AeadKey {
 public:
  ChachaKey(IMB_MGR& manager, Bytes key) : manager_(manager), key_(key) {}

  void seal(std::span<AeadItem> run) override {
    Jobs jobs(manager_);
    for (const AeadItem& item : run) submit(jobs, item, IMB_DIR_ENCRYPT, item.tag);
    jobs.finish();
  }

  void open(std::span<AeadItem> run) override {
    ADIT_ASSERT(run.size() <= AeadRun::most);
    std::array<AeadTag, AeadRun::most> computed;
    Jobs jobs(manager_);
    for (std::size_t i = 0; i < run.size(); ++i) {
      submit(jobs, run[i], IMB_DIR_DECRYPT, computed[i].data());
    }
    jobs.finish();
    for (std::size_t i = 0; i < run.size(); ++i) {
      run[i].authentic = same_tag(computed[i].data(), run[i].tag);
    }
    explicit_bzero(computed.data(), run.size() * sizeof(AeadTag));
  }

 private:
  void submit(Jobs& jobs, const AeadItem& item, IMB_CIPHER_DIRECTION direction,
              std::uint8_t* tag) const {
    IMB_JOB& job = jobs.next();
    job.cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job.hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job.cipher_direction = direction;
    job.chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job.enc_keys = key_.bytes().data();
    job.dec_keys = key_.bytes().data();
    job.key_len_in_bytes = key_.size();
    job.src = item.text;
    job.dst = item.text;
    job.cipher_start_src_offset_in_bytes = 0;
    job.msg_len_to_cipher_in_bytes = item.text_bytes;
    job.hash_start_src_offset_in_bytes = 0;
    job.msg_len_to_hash_in_bytes = item.text_bytes;
    job.iv = item.nonce.data();
    job.iv_len_in_bytes = aead_nonce_bytes;
    job.auth_tag_output = tag;
    job.auth_tag_output_len_in_bytes = aead_tag_bytes;
    job.u.CHACHA20_POLY1305.aad = item.additional;
    job.u.CHACHA20_POLY1305.aad_len_in_bytes = item.additional_bytes;
    jobs.submit();
  }

  IMB_MGR& manager_;
  Secret<32> key_;
};

}  // namespace

std::unique_ptr<AeadKey> make_gcm_key(const IMB_MGR& m, const Cipher& cipher, Bytes key) {
  if (cipher.name == "AES-128-GCM") return gcm({m.gcm128_pre, m.gcm128_enc, m.gcm128_dec}, key);
  if (cipher.name == "AES-192-GCM") return gcm({m.gcm192_pre, m.gcm192_enc, m.gcm192_dec}, key);
  if (cipher.name == "AES-256-GCM") return gcm({m.gcm256_pre, m.gcm256_enc, m.gcm256_dec}, key);
  return nullptr;
}

std::unique_ptr<AeadKey> make_chacha_key(IMB_MGR& manager, Bytes key) {
  return std::make_unique<ChachaKey>(manager, key);
}

}  // namespace adit::crypto

#endif
