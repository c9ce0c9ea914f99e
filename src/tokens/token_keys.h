#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "tls/signer.h"

namespace adit::tokens {

// A PKCS#11 module and how it is used.
struct Module {
  std::string path;
  bool protected_authentication = false;  // the PIN is typed on the reader
  unsigned private_mode = 0;  // bits: sign 1, recover 2, decrypt 4, unwrap 8; 0: by itself
  bool certificate_is_private = false;
};

// Asks whoever has the token. Called by anything that needs the token, also within a handshake.
class Prompts {
 public:
  virtual ~Prompts() = default;
  // token: its label, printable. False: it will not come.
  [[nodiscard]] virtual bool insert(const std::string& token) = 0;
  // Nothing: there is none.
  [[nodiscard]] virtual std::optional<SecretText> pin(const std::string& token) = 0;
};

// A certificate on a token that is there.
struct TokenCertificate {
  std::string id;  // for pkcs11-id
  Buffer der;
};

// A certificate and the private key beside it.
class TokenKey : public tls::Signer {
 public:
  [[nodiscard]] virtual const std::string& certificate() const = 0;  // as PEM
};

// The modules in use. One at a time in a process: the library behind it has no handles of its own.
class TokenKeys {
 public:
  // A module that cannot be loaded is told of and left out. prompts and log must outlive it.
  // pin_cache: for how many seconds a PIN stays good; nothing: as long as the token lets it.
  [[nodiscard]] static Result<std::unique_ptr<TokenKeys>> open(const std::vector<Module>& modules,
                                                               std::optional<int> pin_cache,
                                                               Prompts& prompts, const Log& log);
  ~TokenKeys();
  TokenKeys(const TokenKeys&) = delete;
  TokenKeys& operator=(const TokenKeys&) = delete;

  // How many modules could be loaded.
  [[nodiscard]] std::size_t loaded() const { return loaded_; }
  // Of all tokens. with_pin: those too that show themselves only after a PIN.
  [[nodiscard]] Result<std::vector<TokenCertificate>> certificates(bool with_pin);
  // Must go before the modules. What went wrong is logged too.
  [[nodiscard]] Result<std::unique_ptr<TokenKey>> key(const std::string& id);

 private:
  TokenKeys(Prompts& prompts, const Log& log) : prompts_(prompts), log_(log) {}
  struct Hooks;

  Prompts& prompts_;
  const Log& log_;
  std::optional<int> pin_cache_;
  std::size_t loaded_ = 0;
};

}  // namespace adit::tokens
