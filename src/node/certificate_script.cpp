#include "node/certificate_script.h"

#include "node/lines.h"

namespace adit::node {

std::shared_ptr<TemporaryFile> export_certificate(const options::Scripts& scripts,
                                                  const tls::ChainEntry& entry,
                                                  ports::StorePort& store, const Log& log) {
  if (scripts.tls_export_cert.empty()) return nullptr;
  auto made = TemporaryFile::create(store, scripts.tls_export_cert, "pef", entry.pem);
  if (made) return std::make_shared<TemporaryFile>(std::move(*made));
  log.error("tls-export-cert: {}", made.error().text());
  return nullptr;
}

Environment verify_environment(const tls::PeerIdentity& seen, const ip::Endpoint& peer,
                               const std::shared_ptr<TemporaryFile>& certificate) {
  Environment env = identity_environment(seen);
  set_peer_address(env, "untrusted", peer);
  const tls::ChainEntry* own = seen.own();
  if (own != nullptr && own->depth == 0) env.set("common_name", seen.common_name);
  if (certificate) env.set("peer_cert", certificate->path());
  return env;
}

PluginNews certificate_news(const tls::PeerIdentity& seen, const ip::Endpoint& peer,
                            std::uint64_t client) {
  const tls::ChainEntry& entry = seen.chain.back();
  return {ports::PluginEvent::tls_verify,
          verify_environment(seen, peer, nullptr),
          {std::to_string(entry.depth), entry.subject},
          client,
          entry.pem,
          entry.depth};
}

bool CertificateScript::accepts(const tls::PeerIdentity& seen) {
  if (!plugins_accept(seen)) return false;
  const options::Scripts& scripts = hooks_.scripts();
  if (!scripts.tls_verify.defined()) return true;
  const tls::ChainEntry& entry = seen.chain.back();
  const auto certificate = export_certificate(scripts, entry, store_, log_);
  const bool accepted = hooks_.run_and_wait(tls_verify_type, scripts.tls_verify,
                                            verify_environment(seen, peer_, certificate),
                                            {std::to_string(entry.depth), entry.subject}, longest_);
  tell_verified(log_, "SCRIPT", entry, accepted);
  return accepted;
}

bool CertificateScript::plugins_accept(const tls::PeerIdentity& seen) {
  PluginCalls& plugins = hooks_.plugins();
  if (!plugins.wants(ports::PluginEvent::tls_verify)) return true;
  const bool accepted = plugins.tell_and_wait(certificate_news(seen, peer_, 0)).accepted();
  tell_verified(log_, "PLUGIN", seen.chain.back(), accepted);
  return accepted;
}

void tell_verified(const Log& log, std::string_view by, const tls::ChainEntry& entry,
                   bool accepted) {
  const std::string line = lines::verified_by(by, entry.depth, entry.subject, accepted);
  if (accepted) {
    log.info(3, "{}", line);
  } else {
    log.error("{}", line);
  }
}

}  // namespace adit::node
