#pragma once

#include <memory>

#include "options/config.h"
#include "ports/store_port.h"
#include "tls/context.h"

namespace adit::node {

// The TLS side of a configuration: certificates loaded, and a factory that looks after its
// revocation list by itself.
class Identity final : public tls::TlsFactory, private tls::RevokedSerials {
 public:
  // store must outlive the identity. passphrase: of the private key, if it needs one.
  [[nodiscard]] static Result<std::unique_ptr<Identity>> load(const options::Config& config,
                                                              bool server, ports::StorePort& store,
                                                              const SecretText& passphrase);
  // A changed crl-verify file counts from the next handshake on.
  [[nodiscard]] std::unique_ptr<tls::TlsEngine> make() override;

  // What reading the revocation list again has brought, once; empty: nothing new.
  [[nodiscard]] std::string take_news() { return std::exchange(news_, {}); }

 private:
  Identity(const options::Identity& config, ports::StorePort& store)
      : config_(config), store_(store) {}
  [[nodiscard]] bool is_revoked(const std::string& decimal_serial) override;
  void look_after_crl();

  options::Identity config_;
  ports::StorePort& store_;
  std::unique_ptr<tls::TlsContext> context_;
  std::optional<std::uint64_t> crl_version_;
  std::string news_;
};

// persist-key: the files of keys and certificates are read now, while we may, and never again.
void keep_key_files(options::Config& config, ports::StorePort& store);

// Whether the private key asks for a passphrase.
[[nodiscard]] bool needs_passphrase(const options::Config& config, ports::StorePort& store);

}  // namespace adit::node
