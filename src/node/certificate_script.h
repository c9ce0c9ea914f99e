#pragma once

#include <memory>

#include "base/log.h"
#include "node/hooks.h"
#include "node/temporary_file.h"
#include "tls/context.h"

namespace adit::node {

// What tls-verify is given of a peer's certificate, at either end.

inline constexpr std::string_view tls_verify_type = "tls-verify";

// "tls-export-cert": the certificate as a file for the program; nothing without the option.
[[nodiscard]] std::shared_ptr<TemporaryFile> export_certificate(const options::Scripts& scripts,
                                                                const tls::ChainEntry& entry,
                                                                ports::StorePort& store,
                                                                const Log& log);
// seen: of the chain what has been looked at, the certificate in question last.
[[nodiscard]] Environment verify_environment(const tls::PeerIdentity& seen,
                                             const ip::Endpoint& peer,
                                             const std::shared_ptr<TemporaryFile>& certificate);
// For plugins; client: as PluginNews has it.
[[nodiscard]] PluginNews certificate_news(const tls::PeerIdentity& seen, const ip::Endpoint& peer,
                                          std::uint64_t client);
// by: "SCRIPT", "PLUGIN"
void tell_verified(const Log& log, std::string_view by, const tls::ChainEntry& entry,
                   bool accepted);

// tls-verify of a single tunnel's end: the handshake waits for the program.
class CertificateScript final : public tls::ChainJudge {
 public:
  // hooks and store must outlive it. longest: that the program may take.
  CertificateScript(Hooks& hooks, ports::StorePort& store, Duration longest, Log log)
      : hooks_(hooks), store_(store), longest_(longest), log_(std::move(log)) {}

  void set_peer(const ip::Endpoint& peer) { peer_ = peer; }
  [[nodiscard]] bool accepts(const tls::PeerIdentity& seen) override;

 private:
  [[nodiscard]] bool plugins_accept(const tls::PeerIdentity& seen);

  Hooks& hooks_;
  ports::StorePort& store_;
  Duration longest_;
  Log log_;
  ip::Endpoint peer_;
};

}  // namespace adit::node
