#pragma once

// Keys of a Signer as OpenSSL sees them. OpenSSL types: include from .cpp files only.

#include <memory>

#include "base/result.h"
#include "tls/handles.h"
#include "tls/signer.h"

namespace adit::tls {

// A set of OpenSSL's algorithms of its own, in which a provider of ours signs. Everything made with
// it must be gone before it.
class SigningLibrary {
 public:
  [[nodiscard]] static Result<std::shared_ptr<SigningLibrary>> create();
  ~SigningLibrary();
  SigningLibrary(const SigningLibrary&) = delete;
  SigningLibrary& operator=(const SigningLibrary&) = delete;

  [[nodiscard]] OSSL_LIB_CTX* context() const { return context_; }
  // Asks for algorithms of others, where there is a choice.
  [[nodiscard]] static const char* properties();
  // The private key that belongs to a public one. signer outlives it. nullptr: not of a kind that
  // signs.
  [[nodiscard]] PrivateKey key(EVP_PKEY* public_key, Signer& signer) const;

 private:
  SigningLibrary() = default;

  OSSL_LIB_CTX* context_ = nullptr;
  OSSL_PROVIDER* others_ = nullptr;
  OSSL_PROVIDER* own_ = nullptr;
};

}  // namespace adit::tls
