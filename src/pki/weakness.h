#pragma once

// What today's TLS refuses of old certificates. OpenSSL types: include from .cpp files only.

#include <string>
#include <vector>

#include "pki/handles.h"

namespace adit::pki {

[[nodiscard]] bool is_weak_key(EVP_PKEY* key);
// Why a peer of today turns the certificate away, one half sentence each: "its RSA key has only
// 1024 bits". The signature of an authority on itself is not looked at, since nobody does.
[[nodiscard]] std::vector<std::string> weaknesses(X509* certificate);

}  // namespace adit::pki
