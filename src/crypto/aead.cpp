#include "crypto/aead.h"

#include "base/assert.h"

namespace adit::crypto {

Result<AeadKey> AeadKey::make(const Cipher& cipher, Bytes key, Use use) {
  const FetchedCipher fetched(EVP_CIPHER_fetch(nullptr, std::string(cipher.name).c_str(), nullptr));
  CipherContext context(EVP_CIPHER_CTX_new());
  const int encrypt = use == Use::seal ? 1 : 0;
  if (!fetched || !context ||
      EVP_CipherInit_ex2(context.get(), fetched.get(), key.data(), nullptr, encrypt, nullptr) !=
          1) {
    return fail("the TLS library cannot use the cipher {}", cipher.name);
  }
  return AeadKey(std::move(context));
}

void AeadKey::seal(Bytes nonce, Bytes additional, MutableBytes text, std::uint8_t* tag) {
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  const bool ok = EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1 &&
                  EVP_EncryptUpdate(context, nullptr, &written, additional.data(),
                                    static_cast<int>(additional.size())) == 1 &&
                  EVP_EncryptUpdate(context, text.data(), &written, text.data(),
                                    static_cast<int>(text.size())) == 1 &&
                  EVP_EncryptFinal_ex(context, text.data() + written, &written) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, aead_tag_bytes, tag) == 1;
  ADIT_ASSERT(ok);
}

bool AeadKey::open(Bytes nonce, Bytes additional, MutableBytes text, const std::uint8_t* tag) {
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  return EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, aead_tag_bytes,
                             const_cast<std::uint8_t*>(tag)) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &written, additional.data(),
                           static_cast<int>(additional.size())) == 1 &&
         EVP_DecryptUpdate(context, text.data(), &written, text.data(),
                           static_cast<int>(text.size())) == 1 &&
         EVP_DecryptFinal_ex(context, text.data() + written, &written) == 1;
}

}  // namespace adit::crypto
