#pragma once

// The names of data channel ciphers. Which bytes they make is the crypto room's business; here it
// only matters whether a name can be a cipher at all.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit::options {

// The name in its usual spelling, whatever the case it came in; nothing for an unknown one.
[[nodiscard]] std::optional<std::string> known_cipher(std::string_view name);

// An AEAD cipher, which needs no digest beside it.
[[nodiscard]] bool authenticates_itself(std::string_view cipher);
// What is wrong with a cipher that hides nothing, or not for long; empty for all others.
[[nodiscard]] std::string weakness_of(std::string_view cipher);

// What is offered when nothing else is said, best first.
[[nodiscard]] const std::vector<std::string>& default_ciphers();

struct CipherList {
  std::vector<std::string> names;
  std::vector<std::string> unknown;   // not ours and not marked as optional
  std::vector<std::string> left_out;  // not ours but marked by '?'
};
// "AES-256-GCM:?CHACHA20-POLY1305:DEFAULT"
[[nodiscard]] CipherList read_cipher_list(std::string_view text);

}  // namespace adit::options
