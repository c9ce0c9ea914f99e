#pragma once

// The library libipsec-mb. Its own header is known to ipsec_mb*.cpp alone.

#include "crypto/aead.h"
#include "crypto/cbc_hmac.h"
#include "crypto/digest.h"

namespace adit::crypto {

// Keys may be made in any thread; they are used, and the object is destroyed, in the owner's.
class IpsecMb {
 public:
  // Fails where adit was built without the library and where the CPU lacks AES instructions.
  [[nodiscard]] static Result<std::unique_ptr<IpsecMb>> make();
  virtual ~IpsecMb() = default;

  [[nodiscard]] virtual std::string name() const = 0;  // "ipsec-mb 1.3.0 (AVX512, VAES)"
  [[nodiscard]] virtual bool has_wide_aes() const = 0;
  // nullptr: not among its algorithms, or OpenSSL is faster on this CPU. Keys must not outlive it.
  [[nodiscard]] virtual std::unique_ptr<AeadKey> aead_key(const Cipher& cipher, Bytes key) = 0;
  [[nodiscard]] virtual std::unique_ptr<CbcHmacKey> cbc_hmac_key(const Cipher& cipher, Bytes key,
                                                                 const Digest& digest,
                                                                 Bytes mac_key) = 0;
};

}  // namespace adit::crypto
