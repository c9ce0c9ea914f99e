#include "node/identity_setup.h"

#include "crypto/cipher.h"
#include "node/identity_bundle.h"
#include "node/wrapping.h"
#include "options/checks.h"
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
  policy.issuer_hashes = identity.issuer_hashes;
  policy.issuer_hashes_sha1 = identity.issuer_hashes_sha1;
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

tls::Setup::Profile profile_of(options::Identity::CertProfile profile) {
  using Profile = options::Identity::CertProfile;
  switch (profile) {
    case Profile::insecure:
      return tls::Setup::Profile::insecure;
    case Profile::preferred:
      return tls::Setup::Profile::preferred;
    case Profile::suiteb:
      return tls::Setup::Profile::suiteb;
    case Profile::legacy:
      break;
  }
  return tls::Setup::Profile::legacy;
}

// root: the list is read where it will be looked after.
//
// former: what does not follow from a configuration is taken from there.
Result<tls::Setup> make_tls_setup(const options::Config& config, const std::string& root,
                                  const tls::Setup& former, const KeyElsewhere& key,
                                  ports::StorePort& store, tls::RevokedSerials& revoked) {
  options::Identity identity = config.identity;
  identity.crl.path = options::below_root(root, identity.crl.path);
  tls::Setup setup;
  setup.server = former.server;
  setup.judge = former.judge;
  // An old key file may need one.
  if (Status ready = crypto::load_providers(identity.providers); !ready) {
    return fail_with(ready.error());
  }
  if (Status files = load_files(identity, store, setup); !files) return fail_with(files.error());
  if (Status unpacked = unpack_bundle(identity, store, former.passphrase, setup); !unpacked) {
    return fail_with(unpacked.error());
  }
  setup.signer = key.signer;
  if (key.certificate.defined()) setup.cert = key.certificate;
  setup.ca_path = identity.ca_path;
  setup.passphrase = former.passphrase;
  setup.version_min = identity.tls_version_min;
  setup.version_min_or_highest = identity.tls_version_min_or_highest;
  setup.version_max = identity.tls_version_max;
  setup.ciphers = identity.tls_cipher;
  setup.ciphersuites = identity.tls_ciphersuites;
  setup.groups = identity.tls_groups;
  setup.profile = profile_of(identity.cert_profile);
  setup.peer = make_policy(identity);
  setup.keep_pem = !config.scripts.tls_export_cert.empty() || !config.scripts.plugins.empty();
  if (!setup.server) setup.peer.presence = tls::PeerPolicy::Presence::require;
  if (identity.crl_is_directory) setup.revoked = &revoked;
  return setup;
}

}  // namespace

Result<std::unique_ptr<Identity>> Identity::load(const options::Config& config, bool server,
                                                 ports::StorePort& store,
                                                 const SecretText& passphrase,
                                                 const KeyElsewhere& key, tls::ChainJudge* judge,
                                                 bool in_root) {
  std::unique_ptr<Identity> loaded(
      new Identity(config.identity, in_root ? std::string() : config.process.chroot, store));
  loaded->key_ = key;
  loaded->setup_.server = server;
  loaded->setup_.judge = judge;
  loaded->setup_.passphrase = passphrase;
  auto prepared = loaded->prepare(config);
  if (!prepared) return fail_with(prepared.error());
  loaded->become(std::move(*prepared));
  loaded->news_ = {};
  return loaded;
}

Result<Identity::Prepared> Identity::prepare(const options::Config& config) {
  auto setup = make_tls_setup(config, root_, setup_, key_, store_, *this);
  if (!setup) return fail_with(setup.error());
  auto context = tls::TlsContext::create(*setup);
  if (!context) return fail_with(context.error());
  return Prepared{config.identity, std::move(*setup), std::move(*context)};
}

namespace {

template <typename Config, typename File>
std::vector<File*> key_files(Config& config) {
  auto& identity = config.identity;
  std::vector<File*> files{&identity.ca,          &identity.cert,
                           &identity.key,         &identity.dh,
                           &identity.extra_certs, &identity.pkcs12,
                           &config.secret,        &config.server.auth_gen_token_secret};
  const auto add = [&](auto& connection) {
    for (File* file : {&connection.tls_auth, &connection.tls_crypt, &connection.tls_crypt_v2}) {
      files.push_back(file);
    }
  };
  add(config.connection);
  for (auto& connection : config.remotes.list) add(connection);
  return files;
}

const FileOrInline* kept_as(const options::Config& config, const std::string& path) {
  for (const FileOrInline* file : key_files<const options::Config, const FileOrInline>(config)) {
    if (file->is_kept && file->path == path) return file;
  }
  return nullptr;
}

}  // namespace

// A file that cannot be read is left for the place that needs it to complain of.
void keep_key_files(options::Config& config, ports::StorePort& store,
                    const options::Config* former) {
  for (FileOrInline* file : key_files<options::Config, FileOrInline>(config)) {
    if (file->is_inline || file->path.empty()) continue;
    auto text = store.read(file->path);
    const FileOrInline* kept = text || former == nullptr ? nullptr : kept_as(*former, file->path);
    if (text) {
      file->text = std::move(*text);
    } else if (kept != nullptr) {
      file->text = kept->text;
    } else {
      continue;
    }
    file->is_kept = true;
  }
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
