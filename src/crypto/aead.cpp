#include "crypto/aead.h"

#include "base/assert.h"
#include "crypto/handles.h"
#include "crypto/lane_engine.h"

namespace adit::crypto {

namespace {

// The context is made once, only the nonce changes per packet.
class EvpAeadKey final : public AeadKey {
 public:
  explicit EvpAeadKey(CipherContext context) : context_(std::move(context)) {}

  void seal(std::span<AeadItem> run) override {
    for (const AeadItem& item : run) seal_one(item);
  }
  void open(std::span<AeadItem> run) override {
    for (AeadItem& item : run) item.authentic = open_one(item);
  }

 private:
  void seal_one(const AeadItem& item) {
    EVP_CIPHER_CTX* context = context_.get();
    int written = 0;
    const bool ok =
        EVP_EncryptInit_ex2(context, nullptr, nullptr, item.nonce.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(context, nullptr, &written, item.additional,
                          static_cast<int>(item.additional_bytes)) == 1 &&
        EVP_EncryptUpdate(context, item.text, &written, item.text,
                          static_cast<int>(item.text_bytes)) == 1 &&
        EVP_EncryptFinal_ex(context, item.text + written, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, aead_tag_bytes, item.tag) == 1;
    ADIT_ASSERT(ok);
  }

  bool open_one(const AeadItem& item) {
    EVP_CIPHER_CTX* context = context_.get();
    int written = 0;
    return EVP_DecryptInit_ex2(context, nullptr, nullptr, item.nonce.data(), nullptr) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, aead_tag_bytes, item.tag) == 1 &&
           EVP_DecryptUpdate(context, nullptr, &written, item.additional,
                             static_cast<int>(item.additional_bytes)) == 1 &&
           EVP_DecryptUpdate(context, item.text, &written, item.text,
                             static_cast<int>(item.text_bytes)) == 1 &&
           EVP_DecryptFinal_ex(context, item.text + written, &written) == 1;
  }

  CipherContext context_;
};

Result<std::unique_ptr<AeadKey>> make_with_evp(const Cipher& cipher, Bytes key, AeadKey::Use use) {
  const FetchedCipher fetched(EVP_CIPHER_fetch(nullptr, std::string(cipher.name).c_str(), nullptr));
  CipherContext context(EVP_CIPHER_CTX_new());
  const int encrypt = use == AeadKey::Use::seal ? 1 : 0;
  if (!fetched || !context ||
      EVP_CipherInit_ex2(context.get(), fetched.get(), key.data(), nullptr, encrypt, nullptr) !=
          1) {
    return fail("the TLS library cannot use the cipher {}", cipher.name);
  }
  return std::make_unique<EvpAeadKey>(std::move(context));
}

}  // namespace

Result<std::unique_ptr<AeadKey>> AeadKey::make(const Cipher& cipher, Bytes key, Use use,
                                               LaneEngine* engine) {
  if (engine != nullptr) {
    if (auto made = engine->aead_key(cipher, key)) return made;
  }
  return make_with_evp(cipher, key, use);
}

}  // namespace adit::crypto
