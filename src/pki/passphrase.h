#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace adit::pki {

// Asked when a private key file is protected; nothing means that the user gave up.
using AskPassphrase = std::function<std::optional<SecretText>(const std::string& file)>;

// For a new key: 4 to 1000 bytes, which is what OpenSSL reads back.
[[nodiscard]] Status check_passphrase(const std::optional<SecretText>& passphrase);

}  // namespace adit::pki
