#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace adit::tls {

// What a PKCS#12 file holds ("pkcs12"), each as PEM.
struct Bundle {
  std::string cert;
  std::string key;          // in the clear
  std::string authorities;  // every further certificate; may be empty
};

// name  how messages call it
// Errors say what to do; "is the passphrase right?" is the advice when that may be the cause.
[[nodiscard]] Result<Bundle> open_bundle(const std::string& name, std::string_view der,
                                         const SecretText& passphrase);

// Whether a passphrase has to be asked for. What is no PKCS#12 file needs none.
[[nodiscard]] bool bundle_is_encrypted(std::string_view der);

}  // namespace adit::tls
