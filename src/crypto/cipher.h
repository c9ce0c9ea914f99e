#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace adit::crypto {

enum class CipherMode : std::uint8_t { aead, cbc, none };

// A data channel cipher. Addresses of table entries stay valid for ever.
struct Cipher {
  std::string_view name;  // OpenVPN's and OpenSSL's name
  CipherMode mode;
  std::size_t key_bytes;
  std::size_t iv_bytes;
  std::size_t block_bytes;  // as the options string counts it: 16 for GCM, 1 for ChaCha
  bool legacy = false;      // lives in OpenSSL's legacy provider

  [[nodiscard]] bool is_aead() const { return mode == CipherMode::aead; }
  // Ciphers with blocks below 128 bits must change keys early (SWEET32).
  [[nodiscard]] bool has_small_blocks() const {
    return mode == CipherMode::cbc && block_bytes < 16;
  }
};

std::span<const Cipher> all_ciphers();
// The name in any case; nullptr when unknown.
const Cipher* find_cipher(std::string_view name);

// Makes the legacy provider's ciphers usable in this process; harmless when repeated.
[[nodiscard]] Status load_legacy_ciphers();
// OpenSSL providers by name ("providers legacy default").
[[nodiscard]] Status load_providers(const std::vector<std::string>& names);

}  // namespace adit::crypto
