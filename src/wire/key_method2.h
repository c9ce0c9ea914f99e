#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace adit::wire {

// The random part of a key method 2 message; the server sends no pre-master.
struct KeySource {
  Secret<48> pre_master;
  Secret<32> random1;
  Secret<32> random2;
};

// First plaintext message in each direction of every TLS session.
struct KeyMethod2 {
  KeySource source;
  std::string options;  // options consistency string
  std::string username;
  SecretText password;
  std::string peer_info;
};

// from_client tells whether a pre-master is expected. Missing trailing strings are empty; a string
// that lies about its length, or a method other than 2, is refused.
[[nodiscard]] std::optional<KeyMethod2> decode_key_method2(Bytes message, bool from_client);

// Strings longer than 65534 bytes do not fit and make this fail.
[[nodiscard]] std::optional<Buffer> encode_key_method2(const KeyMethod2& message, bool from_client);

}  // namespace adit::wire
