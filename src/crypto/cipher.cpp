#include "crypto/cipher.h"

#include <algorithm>
#include <array>

#include <openssl/provider.h>

#include "base/text.h"

namespace adit::crypto {

namespace {

constexpr CipherMode aead = CipherMode::aead;
constexpr CipherMode cbc = CipherMode::cbc;
constexpr std::array table{
    Cipher{"AES-128-CBC", cbc, 16, 16, 16},       Cipher{"AES-128-GCM", aead, 16, 12, 16},
    Cipher{"AES-192-CBC", cbc, 24, 16, 16},       Cipher{"AES-192-GCM", aead, 24, 12, 16},
    Cipher{"AES-256-CBC", cbc, 32, 16, 16},       Cipher{"AES-256-GCM", aead, 32, 12, 16},
    Cipher{"ARIA-128-CBC", cbc, 16, 16, 16},      Cipher{"ARIA-192-CBC", cbc, 24, 16, 16},
    Cipher{"ARIA-256-CBC", cbc, 32, 16, 16},      Cipher{"CAMELLIA-128-CBC", cbc, 16, 16, 16},
    Cipher{"CAMELLIA-192-CBC", cbc, 24, 16, 16},  Cipher{"CAMELLIA-256-CBC", cbc, 32, 16, 16},
    Cipher{"CHACHA20-POLY1305", aead, 32, 12, 1}, Cipher{"DES-EDE3-CBC", cbc, 24, 8, 8},
    Cipher{"BF-CBC", cbc, 16, 8, 8, true},        Cipher{"CAST5-CBC", cbc, 16, 8, 8, true},
    Cipher{"none", CipherMode::none, 0, 0, 1},
};

}  // namespace

std::span<const Cipher> all_ciphers() { return table; }

namespace {

// Loaded once, for the rest of the process.
struct Providers {
  std::vector<OSSL_PROVIDER*> loaded;

  Providers() = default;
  Providers(const Providers&) = delete;
  Providers& operator=(const Providers&) = delete;
  ~Providers() {
    for (OSSL_PROVIDER* provider : loaded) OSSL_PROVIDER_unload(provider);
  }
};

bool load_provider(const char* name) {
  OSSL_PROVIDER* provider = OSSL_PROVIDER_load(nullptr, name);
  static Providers all;  // after OpenSSL's own beginning, so that it ends before OpenSSL does
  if (provider != nullptr) all.loaded.push_back(provider);
  return provider != nullptr;
}

}  // namespace

const Cipher* find_cipher(std::string_view name) {
  const std::string wanted = to_upper(name);
  const auto found =
      std::ranges::find_if(table, [&](const Cipher& c) { return to_upper(c.name) == wanted; });
  return found == table.end() ? nullptr : &*found;
}

Status load_legacy_ciphers() {
  // Loading one provider by hand switches off the implicit default one, so both are loaded.
  if (OSSL_PROVIDER_available(nullptr, "legacy") == 1) return {};
  if (!load_provider("default") || !load_provider("legacy")) {
    return fail("cannot load OpenSSL's legacy provider, which old ciphers such as BF-CBC need");
  }
  return {};
}

Status load_providers(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!load_provider(name.c_str())) {
      return fail_with({"cannot load OpenSSL's provider \"" + name + "\"",
                        "check its name in the providers line and OpenSSL's modules directory"});
    }
  }
  return {};
}

}  // namespace adit::crypto
