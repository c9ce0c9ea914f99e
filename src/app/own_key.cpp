#include "app/own_key.h"

#include "app/management_host.h"
#include "app/manager_signer.h"
#include "app/token_host.h"

namespace adit::app {

namespace {

Result<tls::NamedPem> certificate_of_manager(Runtime& runtime, const std::string& hint) {
  if (hint.empty()) return tls::NamedPem{};
  auto text =
      ask_manager_for_text(runtime, {management::TextQuestion::Kind::certificate, hint}, any_time);
  if (!text) return fail("interrupted");
  if (text->empty()) return fail("the manager gave no certificate");
  return tls::NamedPem{"the certificate that the manager gave", std::move(*text)};
}

}  // namespace

Result<std::unique_ptr<OwnKey>> OwnKey::find(Runtime& runtime, const options::Config& config) {
  if (config.management.external_key && runtime.management) {
    auto certificate = certificate_of_manager(runtime, config.management.external_cert);
    if (!certificate) return fail_with(certificate.error());
    return std::unique_ptr<OwnKey>(
        new OwnKey(std::make_unique<ManagerSigner>(runtime, config), std::move(*certificate)));
  }
  if (!runtime.tokens) return nullptr;
  auto key = runtime.tokens->key();
  if (!key) return fail_with(key.error());
  tls::NamedPem certificate{"the certificate on the token", (*key)->certificate()};
  return std::unique_ptr<OwnKey>(new OwnKey(std::move(*key), std::move(certificate)));
}

}  // namespace adit::app
