#pragma once

#include <chrono>
#include <optional>

#include "pki/entry.h"
#include "pki/key_type.h"
#include "pki/name.h"
#include "pki/passphrase.h"

namespace adit::pki {

inline constexpr std::chrono::days overlap_days{14};

struct RenewRequest {
  Name name;
  std::chrono::days overlap = overlap_days;  // 0: the old certificate is revoked at once
  std::chrono::days lifetime{825};           // never beyond the authority's end
  // The key is kept, so that a running server never meets a certificate beside another's key, and
  // so that a key made elsewhere can be renewed too. Each of these asks for a new one.
  bool new_key = false;
  std::optional<KeyType> key_type{};
  std::optional<SecretText> passphrase{};
};

struct Renewed {
  Entry now;
  Entry before;  // with overlap_end, or revoked, or expired
  bool new_key = false;
};

}  // namespace adit::pki
