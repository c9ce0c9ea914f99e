#pragma once

// AES-GCM with wide AES instructions in registers of 256 bits (VAES, VPCLMULQDQ), for processors
// that have them without AVX512: AMD's Zen 3, Intel's clients and efficiency cores. There
// libipsec-mb 1.3 and OpenSSL 3.0 take one block an instruction where the processor takes two.

#include <memory>

#include "crypto/aead.h"

namespace adit::crypto {

// What this processor lacks for it, for people; or empty.
[[nodiscard]] std::string missing_for_vaes();

// nullptr: not AES-GCM. Asks nothing of the processor: that was done before.
[[nodiscard]] std::unique_ptr<AeadKey> make_vaes_gcm_key(const Cipher& cipher, Bytes key);

}  // namespace adit::crypto
