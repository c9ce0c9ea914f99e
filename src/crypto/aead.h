#pragma once

#include "base/bytes.h"
#include "base/packet.h"
#include "crypto/cipher.h"
#include "crypto/handles.h"

namespace adit::crypto {

inline constexpr std::size_t aead_tag_bytes = 16;
inline constexpr std::size_t aead_nonce_bytes = 12;

// One AEAD key in one direction: the context is made once, only the nonce changes per packet.
class AeadKey {
 public:
  enum class Use { seal, open };

  [[nodiscard]] static Result<AeadKey> make(const Cipher& cipher, Bytes key, Use use);

  // text is encrypted in place, the tag goes to where it is told.
  void seal(Bytes nonce, Bytes additional, MutableBytes text, std::uint8_t* tag);
  // false: the text is poison.
  [[nodiscard]] bool open(Bytes nonce, Bytes additional, MutableBytes text,
                          const std::uint8_t* tag);

 private:
  explicit AeadKey(CipherContext context) : context_(std::move(context)) {}
  CipherContext context_;
};

}  // namespace adit::crypto
