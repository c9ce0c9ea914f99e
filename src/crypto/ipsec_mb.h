#pragma once

// The library libipsec-mb. Its own header is known to ipsec_mb*.cpp alone.

#include <memory>

#include "crypto/aead.h"

namespace adit::crypto {

class IpsecMb {
 public:
  // Fails where adit was built without the library and where the CPU lacks AES instructions.
  [[nodiscard]] static Result<std::unique_ptr<IpsecMb>> make();
  virtual ~IpsecMb() = default;

  [[nodiscard]] virtual std::string name() const = 0;  // "ipsec-mb 1.3.0 (AVX512, VAES)"
  // nullptr: not among its ciphers
  [[nodiscard]] virtual std::unique_ptr<AeadKey> aead_key(const Cipher& cipher, Bytes key) = 0;
};

}  // namespace adit::crypto
