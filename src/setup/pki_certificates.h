#pragma once

#include "base/rng.h"
#include "base/time.h"
#include "pki/authority.h"
#include "setup/up.h"

namespace adit::setup {

// Certificates of the directory that lies beside a server's configuration.
class PkiCertificates final : public Certificates {
 public:
  // rng must outlive it. ask: for an authority whose key is protected.
  PkiCertificates(std::string directory, Rng& rng, WallTime now, pki::AskPassphrase ask);

  bool has_authority() const override;
  std::optional<std::string> server_name() override;
  bool has_client(const std::string& name) override;
  Status make_authority() override;
  Status issue_server(const std::string& name) override;
  Status issue_client(const std::string& name) override;
  Result<std::string> profile(const std::string& name, const ServerFacts& facts) override;

  // For the commands that do more than these.
  [[nodiscard]] Result<pki::Authority> open() const;
  [[nodiscard]] Rng& rng() const { return rng_; }
  [[nodiscard]] WallTime now() const { return now_; }

 private:
  [[nodiscard]] std::vector<pki::Entry> valid(pki::Kind kind) const;
  Status issue(pki::Kind kind, const std::string& name);

  std::string directory_;
  Rng& rng_;
  WallTime now_;
  pki::AskPassphrase ask_;
};

// The client's .ovpn for a server, with what a site's gateway must know.
[[nodiscard]] Result<std::string> render_profile(const pki::Exported& exported,
                                                 const ServerFacts& facts);

}  // namespace adit::setup
