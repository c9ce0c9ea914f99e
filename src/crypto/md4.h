#pragma once

#include <array>

#include "base/bytes.h"

namespace adit::crypto {

inline constexpr std::size_t md4_bytes = 16;

// MD4, RFC 1320: broken for long, and OpenSSL gives it away no more; NTLM cannot be spoken without.
[[nodiscard]] std::array<std::uint8_t, md4_bytes> md4(Bytes message);

}  // namespace adit::crypto
