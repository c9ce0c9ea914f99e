#include "crypto/ipsec_mb.h"

#ifdef ADIT_WITH_IPSEC_MB

#include "crypto/ipsec_mb_keys.h"

namespace adit::crypto {

namespace {

struct ManagerFreer {
  void operator()(IMB_MGR* manager) const {
    imb_clear_mem(manager, imb_get_mb_mgr_size());  // its lanes lie behind it
    free_mb_mgr(manager);
  }
};
using Manager = std::unique_ptr<IMB_MGR, ManagerFreer>;

// The library has functions with wide AES for CPUs that know all of these.
bool has_wide_aes(const IMB_MGR& manager) {
  constexpr std::uint64_t wanted = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ | IMB_FEATURE_GFNI |
                                   IMB_FEATURE_AVX512_IFMA | IMB_FEATURE_BMI2 | IMB_FEATURE_SHANI;
  return manager.used_arch == IMB_ARCH_AVX512 && (manager.features & wanted) == wanted;
}

const char* arch_name(const IMB_MGR& manager) {
  switch (manager.used_arch) {
    case IMB_ARCH_AVX512:
      return has_wide_aes(manager) ? "AVX512, VAES" : "AVX512";
    case IMB_ARCH_AVX2:
      return "AVX2";
    case IMB_ARCH_AVX:
      return "AVX";
    default:
      return "SSE";
  }
}

class Library final : public IpsecMb {
 public:
  explicit Library(Manager manager) : manager_(std::move(manager)) {}

  std::string name() const override {
    return fmt::format("ipsec-mb {} ({})", imb_get_version_str(), arch_name(*manager_));
  }

  bool has_wide_aes() const override { return crypto::has_wide_aes(*manager_); }

  std::unique_ptr<AeadKey> aead_key(const Cipher& cipher, Bytes key) override {
    if (cipher.name != "CHACHA20-POLY1305") return make_gcm_key(*manager_, cipher, key);
    // Measured: with narrower instructions OpenSSL's is as fast or faster.
    const bool faster = manager_->used_arch == IMB_ARCH_AVX512;
    return faster ? make_chacha_key(*manager_, key) : nullptr;
  }

  std::unique_ptr<CbcHmacKey> cbc_hmac_key(const Cipher& cipher, Bytes key, const Digest& digest,
                                           Bytes mac_key) override {
    // Two lanes of SHA-512 are slower than OpenSSL's one.
    const bool wide = manager_->used_arch >= IMB_ARCH_AVX2;
    if (!wide && (digest.name == "SHA384" || digest.name == "SHA512")) return nullptr;
    return make_cbc_hmac_key(*manager_, cipher, key, digest, mac_key);
  }

 private:
  Manager manager_;
};

}  // namespace

Result<std::unique_ptr<IpsecMb>> IpsecMb::make() {
  Manager manager(alloc_mb_mgr(0));
  if (!manager) return fail("there is no memory for it");
  IMB_ARCH found = IMB_ARCH_NONE;
  init_mb_mgr_auto(manager.get(), &found);
  constexpr std::uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
  if ((manager->features & needed) != needed || found <= IMB_ARCH_NOAESNI) {
    return fail("this CPU has no AES instructions");
  }
  constexpr std::uint64_t tested = IMB_FEATURE_SELF_TEST | IMB_FEATURE_SELF_TEST_PASS;
  const bool failed_test = (manager->features & tested) == IMB_FEATURE_SELF_TEST;
  if (imb_get_errno(manager.get()) != 0 || failed_test) {
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
