#include "lint/checks.h"
#include "node/identity_setup.h"
#include "node/make_setup.h"
#include "options/config.h"

// Everything that a start loads and that can fail, in its order; nothing on the host is touched.

namespace adit::lint {

namespace {

using options::Config;
using options::Issue;
using options::Issues;

// Keys that somebody must be asked for, or that lie elsewhere.
bool can_be_loaded(const Config& config, ports::StorePort& store) {
  if (config.tokens.defined() || config.management.external_key) return false;
  return !node::needs_passphrase(config, store);
}

// The option that an error speaks of, for its place.
const options::Said* culprit(const Config& config, const std::string& error) {
  constexpr const char* names[] = {"dh",           "crl-verify", "extra-certs", "cert",
                                   "key",          "ca",         "pkcs12",      "tls-auth",
                                   "tls-crypt-v2", "tls-crypt",  "secret",      "tls-cipher"};
  for (const char* name : names) {
    const options::Said* said = config.said_of(name);
    if (said == nullptr) continue;
    const bool by_path = !said->is_inline && !said->words.empty() &&
                         error.find(said->words.front()) != std::string::npos;
    if (by_path || error.starts_with(name + std::string(" "))) return said;
  }
  return nullptr;
}

void tell(const Config& config, const Error& error, Issues& issues) {
  Issue issue{Issue::Severity::error, {}, {}, error.what, error.advice};
  if (const options::Said* said = culprit(config, error.what)) {
    issue.at = said->at;
    issue.line = said->line;
  }
  issues.push_back(std::move(issue));
}

Status try_static(const Config& config, const Surroundings& around) {
  for (const options::Connection* link : links_of(config)) {
    const auto setup = node::make_static_setup(config, *link, {}, around.store);
    if (!setup) return fail_with(setup.error());
  }
  return {};
}

Status try_tls(const Config& config, const Surroundings& around) {
  const bool server = config.tls_role == options::TlsRole::server;
  const auto identity = node::Identity::load(config, server, around.store, SecretText());
  if (!identity) return fail_with(identity.error());
  const node::SetupContext context{**identity, around.rng, "adit", {}};
  if (config.mode == options::Mode::server) {
    const auto setup = node::make_server_setup(config, context, around.store);
    return setup ? Status() : Status(fail_with(setup.error()));
  }
  for (const options::Connection* link : links_of(config)) {
    const auto setup = node::make_client_setup(config, *link, context, around.store);
    if (!setup) return fail_with(setup.error());
  }
  return {};
}

}  // namespace

void try_start(const Config& config, const Surroundings& around, Issues& issues) {
  if (!config.secret.defined() && !can_be_loaded(config, around.store)) {
    issues.push_back(
        {Issue::Severity::note,
         {},
         {},
         "certificates and keys were not tried: the private key asks for a passphrase, "
         "or lies elsewhere",
         {}});
    return;
  }
  const Status tried =
      config.secret.defined() ? try_static(config, around) : try_tls(config, around);
  if (!tried) tell(config, tried.error(), issues);
}

}  // namespace adit::lint
