#include "node/identity_setup.h"

#include "crypto/cipher.h"
#include "node/identity_bundle.h"
#include "node/wrapping.h"
#include "tls/bundle.h"

namespace adit::node {

namespace {

using options::FileOrInline;

tls::PeerPolicy make_policy(const options::Identity& identity) {
  using Match = options::Identity::NameMatch;
  using Usage = options::Identity::CertUsage;
  using ClientCert = options::Identity::ClientCert;
  tls::PeerPolicy policy;
  switch (identity.verify_client_cert) {
    case ClientCert::require:
      break;
    case ClientCert::optional:
      policy.presence = tls::PeerPolicy::Presence::optional;
      break;
    case ClientCert::none:
      policy.presence = tls::PeerPolicy::Presence::none;
      break;
  }
  if (!identity.verify_x509_name.empty()) {
    policy.name = identity.verify_x509_name;
    switch (identity.verify_x509_type) {
      case Match::subject:
        policy.name_match = tls::PeerPolicy::NameMatch::subject;
        break;
      case Match::name:
        policy.name_match = tls::PeerPolicy::NameMatch::name;
        break;
      case Match::name_prefix:
        policy.name_match = tls::PeerPolicy::NameMatch::name_prefix;
        break;
    }
  }
  if (identity.remote_cert_tls == Usage::server) policy.usage = tls::PeerPolicy::Usage::server;
  if (identity.remote_cert_tls == Usage::client) policy.usage = tls::PeerPolicy::Usage::client;
  policy.key_usage = identity.remote_cert_ku;
  policy.extended_key_usage = identity.remote_cert_eku;
  policy.fingerprints = identity.peer_fingerprints;
  policy.username_fields = identity.username_fields;
  policy.tracked = identity.x509_track;
  return policy;
}

Status load_files(const options::Identity& identity, ports::StorePort& store, tls::Setup& setup) {
  struct Wanted {
    const FileOrInline& source;
    std::string_view option;
    tls::NamedPem& into;
  };
  tls::NamedPem unused;
  const bool crl_file = !identity.crl_is_directory;
  for (const Wanted& wanted : {Wanted{identity.ca, "ca", setup.ca},
                               {identity.cert, "cert", setup.cert},
                               {identity.key, "key", setup.key},
                               {identity.dh, "dh", setup.dh},
                               {identity.extra_certs, "extra-certs", setup.extra_certs},
                               {identity.crl, "crl-verify", crl_file ? setup.crl : unused}}) {
    const bool nothing = wanted.option == "dh" && wanted.source.path == "none";
    if (nothing || (wanted.option == "crl-verify" && !crl_file)) continue;
    auto pem = load_pem(wanted.source, wanted.option, store);
    if (!pem) return fail_with(pem.error());
    wanted.into = std::move(*pem);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Identity>> Identity::load(const options::Config& config, bool server,
                                                 ports::StorePort& store,
                                                 const SecretText& passphrase,
                                                 const KeyElsewhere& key, tls::ChainJudge* judge) {
  using Profile = options::Identity::CertProfile;
  const options::Identity& identity = config.identity;
  std::unique_ptr<Identity> loaded(new Identity(identity, store));
  tls::Setup& setup = loaded->setup_;
  setup.server = server;
  // An old key file may need one.
  if (Status ready = crypto::load_providers(identity.providers); !ready) {
    return fail_with(ready.error());
  }
  if (Status files = load_files(identity, store, setup); !files) return fail_with(files.error());
  if (Status unpacked = unpack_bundle(identity, store, passphrase, setup); !unpacked) {
    return fail_with(unpacked.error());
  }
  setup.signer = key.signer;
  if (key.certificate.defined()) setup.cert = key.certificate;
  setup.ca_path = identity.ca_path;
  setup.passphrase = passphrase;
  setup.version_min = identity.tls_version_min;
  setup.version_min_or_highest = identity.tls_version_min_or_highest;
  setup.version_max = identity.tls_version_max;
  setup.ciphers = identity.tls_cipher;
  setup.ciphersuites = identity.tls_ciphersuites;
  setup.groups = identity.tls_groups;
  switch (identity.cert_profile) {
    case Profile::insecure:
      setup.profile = tls::Setup::Profile::insecure;
      break;
    case Profile::legacy:
      setup.profile = tls::Setup::Profile::legacy;
      break;
    case Profile::preferred:
      setup.profile = tls::Setup::Profile::preferred;
      break;
    case Profile::suiteb:
      setup.profile = tls::Setup::Profile::suiteb;
      break;
  }
  setup.peer = make_policy(identity);
  setup.judge = judge;
  setup.keep_pem = !config.scripts.tls_export_cert.empty() || !config.scripts.plugins.empty();
  if (!server) setup.peer.presence = tls::PeerPolicy::Presence::require;
  if (identity.crl_is_directory) setup.revoked = loaded.get();
  auto context = tls::TlsContext::create(setup);
  if (!context) return fail_with(context.error());
  loaded->context_ = std::move(*context);
  if (identity.crl.defined() && !identity.crl.is_inline) {
    loaded->crl_version_ = store.version(identity.crl.path);
  }
  return loaded;
}

namespace {

// A file that cannot be read is left for the place that needs it to complain of.
void keep(FileOrInline& source, ports::StorePort& store) {
  if (source.is_inline || source.path.empty()) return;
  auto text = store.read(source.path);
  if (!text) return;
  source.text = std::move(*text);
  source.is_kept = true;
}

void keep_wrapping(options::Connection& connection, ports::StorePort& store) {
  keep(connection.tls_auth, store);
  keep(connection.tls_crypt, store);
  keep(connection.tls_crypt_v2, store);
}

}  // namespace

void keep_key_files(options::Config& config, ports::StorePort& store) {
  options::Identity& identity = config.identity;
  for (FileOrInline* source : {&identity.ca, &identity.cert, &identity.key, &identity.dh,
                               &identity.extra_certs, &identity.pkcs12}) {
    keep(*source, store);
  }
  keep(config.secret, store);
  keep_wrapping(config.connection, store);
  for (options::Connection& connection : config.remotes.list) keep_wrapping(connection, store);
}

bool needs_passphrase(const options::Config& config, ports::StorePort& store) {
  if (config.identity.pkcs12.defined()) {
    const auto bytes = load_bundle(config.identity.pkcs12, store);
    return bytes && tls::bundle_is_encrypted(*bytes);
  }
  if (!config.identity.key.defined()) return false;
  const auto text = load_text(config.identity.key, "key", store);
  return text && tls::key_is_encrypted(*text);
}

}  // namespace adit::node
