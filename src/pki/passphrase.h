#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/secret.h"

namespace adit::pki {

// Asked when a private key file is protected; nothing means that the user gave up.
using AskPassphrase = std::function<std::optional<SecretText>(const std::string& file)>;

}  // namespace adit::pki
