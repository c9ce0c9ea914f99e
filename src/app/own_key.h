#pragma once

#include "app/runtime.h"
#include "node/identity_setup.h"
#include "tokens/token_keys.h"

namespace adit::app {

// The own private key where it is in no file: with the manager, or on a token. Must outlive the
// handshakes of what it is given to.
class OwnKey {
 public:
  // Asks for what is missing: a certificate, a token, its id. nullptr: the key is in a file.
  [[nodiscard]] static Result<std::unique_ptr<OwnKey>> find(Runtime& runtime,
                                                            const options::Config& config);
  [[nodiscard]] node::KeyElsewhere parts() const { return {signer_.get(), certificate_}; }

 private:
  OwnKey(std::unique_ptr<tls::Signer> signer, tls::NamedPem certificate)
      : signer_(std::move(signer)), certificate_(std::move(certificate)) {}

  std::unique_ptr<tls::Signer> signer_;
  tls::NamedPem certificate_;
};

}  // namespace adit::app
