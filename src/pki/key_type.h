#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace adit::pki {

enum class KeyType : std::uint8_t { ecdsa_p256, rsa_2048, rsa_3072, rsa_4096, ed25519 };

const char* name(KeyType type);
// "ec" (P-256), "rsa" (2048), "rsa2048", "rsa3072", "rsa4096", "ed25519"
[[nodiscard]] Result<KeyType> parse_key_type(std::string_view text);

}  // namespace adit::pki
