#include "crypto/ipsec_mb.h"

#ifdef ADIT_WITH_IPSEC_MB

#include <cstring>

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

namespace adit::crypto {

namespace {

bool same_tag(const std::uint8_t* a, const std::uint8_t* b) {
  std::array<std::uint64_t, 2> left;
  std::array<std::uint64_t, 2> right;
  static_assert(sizeof left == aead_tag_bytes);
  std::memcpy(left.data(), a, sizeof left);
  std::memcpy(right.data(), b, sizeof right);
  return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
}

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
    std::array<std::uint8_t, aead_tag_bytes> computed;
    for (AeadItem& item : run) {
      work(calls_.decrypt, scratch, item, computed.data());
      item.authentic = same_tag(computed.data(), item.tag);
    }
    explicit_bzero(&scratch, sizeof scratch);
    explicit_bzero(computed.data(), sizeof computed);
  }

  void prefetch() const override {
    constexpr std::size_t cache_line = 64;
    const auto* at = reinterpret_cast<const std::uint8_t*>(&key_);
    for (std::size_t i = 0; i < sizeof key_; i += cache_line) __builtin_prefetch(at + i);
  }

 private:
  void work(aes_gcm_enc_dec_t function, gcm_context_data& scratch, const AeadItem& item,
            std::uint8_t* tag) const {
    function(&key_, &scratch, item.text, item.text, item.text_bytes, item.nonce.data(),
             item.additional, item.additional_bytes, tag, aead_tag_bytes);
  }

  alignas(64) gcm_key_data key_;
  GcmCalls calls_;
};

struct ManagerFreer {
  void operator()(IMB_MGR* manager) const {
    imb_clear_mem(manager, sizeof *manager);
    free_mb_mgr(manager);
  }
};
using Manager = std::unique_ptr<IMB_MGR, ManagerFreer>;

std::string name_of(const IMB_MGR& manager) {
  std::string name = std::string("ipsec-mb ") + imb_get_version_str() + " (";
  switch (manager.used_arch) {
    case IMB_ARCH_AVX512:
      name += "AVX512";
      break;
    case IMB_ARCH_AVX2:
      name += "AVX2";
      break;
    case IMB_ARCH_AVX:
      name += "AVX";
      break;
    default:
      name += "SSE";
  }
  constexpr std::uint64_t wide = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
  if (manager.used_arch == IMB_ARCH_AVX512 && (manager.features & wide) == wide) name += ", VAES";
  return name + ")";
}

class Library final : public IpsecMb {
 public:
  explicit Library(Manager manager) : manager_(std::move(manager)), name_(name_of(*manager_)) {}

  std::string name() const override { return name_; }

  std::unique_ptr<AeadKey> aead_key(const Cipher& cipher, Bytes key) override {
    const IMB_MGR& m = *manager_;
    if (cipher.name == "AES-128-GCM") return gcm({m.gcm128_pre, m.gcm128_enc, m.gcm128_dec}, key);
    if (cipher.name == "AES-192-GCM") return gcm({m.gcm192_pre, m.gcm192_enc, m.gcm192_dec}, key);
    if (cipher.name == "AES-256-GCM") return gcm({m.gcm256_pre, m.gcm256_enc, m.gcm256_dec}, key);
    return nullptr;
  }

 private:
  static std::unique_ptr<AeadKey> gcm(const GcmCalls& calls, Bytes key) {
    return std::make_unique<GcmKey>(calls, key);
  }

  Manager manager_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<IpsecMb>> IpsecMb::make() {
  Manager manager(alloc_mb_mgr(0));
  if (!manager) return fail("there is no memory for it");
  IMB_ARCH found = IMB_ARCH_NONE;
  init_mb_mgr_auto(manager.get(), &found);
  const std::uint64_t features = manager->features;
  if ((features & IMB_FEATURE_AESNI) == 0 || (features & IMB_FEATURE_PCLMULQDQ) == 0 ||
      found <= IMB_ARCH_NOAESNI) {
    return fail("this CPU has no AES instructions");
  }
  const bool tests_itself = (features & IMB_FEATURE_SELF_TEST) != 0;
  if (imb_get_errno(manager.get()) != 0 ||
      (tests_itself && (features & IMB_FEATURE_SELF_TEST_PASS) == 0)) {
    return fail("the library does not pass its own tests here");
  }
  return std::make_unique<Library>(std::move(manager));
}

}  // namespace adit::crypto

#else

namespace adit::crypto {

Result<std::unique_ptr<IpsecMb>> IpsecMb::make() {
  return fail("this adit was built without libipsec-mb");
}

}  // namespace adit::crypto

#endif
