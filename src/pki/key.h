#pragma once

// Private keys. OpenSSL types: include from .cpp files and room-private headers only.

#include <functional>
#include <optional>
#include <string>

#include "base/secret.h"
#include "pki/handles.h"
#include "pki/key_type.h"
#include "pki/passphrase.h"

namespace adit::pki {

[[nodiscard]] Result<PrivateKey> generate_key(KeyType type);
// PKCS#8; with a passphrase encrypted with AES-256.
[[nodiscard]] Result<SecretText> render_key(EVP_PKEY* key,
                                            const std::optional<SecretText>& passphrase = {});
// file: named in the question and in errors. Without ask, a protected key is an error.
[[nodiscard]] Result<PrivateKey> parse_key(const SecretText& pem, const std::string& file,
                                           const AskPassphrase& ask);
// Nothing for a key of a type that we would not make.
[[nodiscard]] std::optional<KeyType> type_of(EVP_PKEY* key);

}  // namespace adit::pki
