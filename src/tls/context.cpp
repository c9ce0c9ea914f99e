#include "tls/context.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "tls/certificate.h"
#include "tls/openssl_engine.h"
#include "tls/peer_check.h"
#include "tls/revocations.h"
#include "tls/signing_provider.h"
#include "tls/tracked_fields.h"

namespace adit::tls {

namespace {

// Forward secrecy only, nothing anonymous or weak.
constexpr const char* default_ciphers =
    "DEFAULT:!EXP:!LOW:!MEDIUM:!kDH:!kECDH:!DSS:!PSK:!SRP:!kRSA";

int version_number(const std::string& text) {
  if (text == "1.0") return TLS1_VERSION;
  if (text == "1.1") return TLS1_1_VERSION;
  if (text == "1.2") return TLS1_2_VERSION;
  if (text == "1.3") return TLS1_3_VERSION;
  return 0;
}

tl::unexpected<Error> openssl_failure(std::string what, std::string advice = {}) {
  const auto lines = take_openssl_errors();
  if (!lines.empty()) what += " (" + lines.front() + ")";
  return fail_with({std::move(what), std::move(advice)});
}

const std::string weak_advice =
    "re-issue it with SHA256 and at least 2048 bits, or set \"tls-cert-profile insecure\" for now";

bool is_weakness(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  return reason == SSL_R_CA_MD_TOO_WEAK || reason == SSL_R_EE_KEY_TOO_SMALL ||
         reason == SSL_R_CA_KEY_TOO_SMALL;
}

tl::unexpected<Error> certificate_failure(const NamedPem& pem, X509* certificate) {
  if (!is_weakness(ERR_peek_error())) return openssl_failure("cannot use " + pem.name);
  const std::string weakness = weakness_of(certificate);
  return openssl_failure(
      "cannot use " + pem.name + ": \"" + subject_of(certificate) + "\" is too weak, " +
          (weakness.empty() ? "for this tls-cert-profile" : weakness + ", refused since 2017"),
      weak_advice);
}

int give_passphrase(char* room, int size, int, void* passphrase) {
  const auto& text = static_cast<const SecretText*>(passphrase)->reveal();
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(text.begin(), text.end(), room);
  return static_cast<int>(text.size());
}

// TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384 as OpenSSL calls it; other words go through untouched.
std::string openssl_cipher_names(SSL_CTX* context, const std::string& list) {
  SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
  const STACK_OF(SSL_CIPHER)* known = SSL_CTX_get_ciphers(context);
  std::vector<std::string> names;
  for (std::string_view word : split(list, ':')) {
    std::string wanted(word);
    std::ranges::replace(wanted, '-', '_');
    std::string name(word);
    for (int i = 0; i < sk_SSL_CIPHER_num(known); ++i) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(known, i);
      if (wanted == SSL_CIPHER_standard_name(cipher)) name = SSL_CIPHER_get_name(cipher);
    }
    names.push_back(std::move(name));
  }
  return join(names, ":");
}

Status set_ciphers(SSL_CTX* context, const std::string& ciphers, const std::string& suites) {
  const std::string list =
      ciphers.empty() ? default_ciphers : openssl_cipher_names(context, ciphers);
  if (SSL_CTX_set_cipher_list(context, list.c_str()) != 1) {
    return openssl_failure("tls-cipher \"" + ciphers + "\" names no cipher this TLS library has",
                           "see adit --show-tls");
  }
  if (suites.empty()) return {};
  std::string names = suites;
  std::ranges::replace(names, '-', '_');
  if (SSL_CTX_set_ciphersuites(context, names.c_str()) != 1) {
    return openssl_failure(
        "tls-ciphersuites \"" + suites + "\" names no suite this TLS library has",
        "see adit --show-tls");
  }
  return {};
}

class OpensslContext final : public TlsContext {
 public:
  explicit OpensslContext(const Setup& setup) : setup_(setup) {}

  Status load() {
    if (Status known = check_tracked(setup_.peer.tracked); !known) return known;
    if (Status made = make_context(); !made) return made;
    ERR_clear_error();
    set_security_level();
    set_options();
    Status done = set_versions();
    if (done) done = set_ciphers(context_.get(), setup_.ciphers, setup_.ciphersuites);
    if (done) done = set_groups();
    if (done) done = load_own_certificate();
    if (done) done = load_dh();
    if (done) done = load_authorities(setup_.crl);
    if (done) name_authorities();
    revocations_.take(setup_.crl.text, setup_.ca.text);
    if (done) build_own_chain();
    set_verification();
    return done;
  }

  std::unique_ptr<TlsEngine> make() override {
    return make_openssl_engine(context_.get(), setup_.server, verification_);
  }

  Status reload_crl(const NamedPem& crl) override {
    Revocations fresh;
    fresh.take(crl.text, setup_.ca.text);
    if (fresh.empty() && setup_.ca.defined() && setup_.ca_path.empty() &&
        !lists_in(crl.text).empty()) {
      return fail_with({crl.name + " is not signed by any CA in " + setup_.ca.name,
                        "make it with the CA that issued the certificates"});
    }
    if (Status loaded = load_authorities(crl); !loaded) return loaded;
    revocations_ = std::move(fresh);
    return {};
  }

  const ChainEntry* revoked(const std::vector<ChainEntry>& chain) override {
    return revocations_.first_in(chain);
  }

 private:
  Status make_context() {
    const SSL_METHOD* method = setup_.server ? TLS_server_method() : TLS_client_method();
    if (setup_.signer != nullptr) {
      auto library = SigningLibrary::create();
      if (!library) return fail_with(library.error());
      library_ = std::move(*library);
      context_.reset(SSL_CTX_new_ex(library_->context(), SigningLibrary::properties(), method));
    } else {
      context_.reset(SSL_CTX_new(method));
    }
    if (!context_) return openssl_failure("cannot set up TLS");
    return {};
  }

  void set_security_level() {
    switch (setup_.profile) {
      case Setup::Profile::insecure:
        SSL_CTX_set_security_level(context_.get(), 0);
        break;
      case Setup::Profile::legacy:
        SSL_CTX_set_security_level(context_.get(), 1);
        break;
      case Setup::Profile::preferred:
        SSL_CTX_set_security_level(context_.get(), 2);
        break;
      case Setup::Profile::suiteb:
        SSL_CTX_set_security_level(context_.get(), 2);
        SSL_CTX_set_cipher_list(context_.get(), "SUITEB128");
        break;
    }
  }

  void set_options() {
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                            SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_num_tickets(context_.get(), 0);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_default_passwd_cb(context_.get(), give_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context_.get(), &setup_.passphrase);
  }

  Status set_versions() {
    int lowest = version_number(setup_.version_min);
    if (lowest == 0) return fail("tls-version-min \"{}\" is not a TLS version", setup_.version_min);
    int highest = 0;
    if (!setup_.version_max.empty()) {
      highest = version_number(setup_.version_max);
      if (highest == 0)
        return fail("tls-version-max \"{}\" is not a TLS version", setup_.version_max);
      if (highest < lowest) {
        return fail("tls-version-max {} is below tls-version-min {}", setup_.version_max,
                    setup_.version_min);
      }
    }
    SSL_CTX_set_min_proto_version(context_.get(), lowest);
    SSL_CTX_set_max_proto_version(context_.get(), highest);
    return {};
  }

  Status set_groups() {
    if (setup_.groups.empty()) return {};
    std::string usable;
    for (std::string_view group : split(setup_.groups, ':')) {
      std::string name(group == "secp256r1" ? "prime256v1" : group);
      if (OBJ_sn2nid(name.c_str()) == NID_undef && OBJ_ln2nid(name.c_str()) == NID_undef &&
          EC_curve_nist2nid(name.c_str()) == NID_undef) {
        continue;  // unknown groups are skipped, as stock does
      }
      if (!usable.empty()) usable += ':';
      usable += name;
    }
    if (usable.empty() || SSL_CTX_set1_groups_list(context_.get(), usable.c_str()) != 1) {
      return openssl_failure("tls-groups \"" + setup_.groups + "\" names no usable group");
    }
    return {};
  }

  Status load_own_certificate() {
    if (!setup_.cert.defined()) return {};
    const Bio bio = bio_of(setup_.cert.text);
    const Certificate own(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!own) return openssl_failure("cannot read a certificate from " + setup_.cert.name);
    if (SSL_CTX_use_certificate(context_.get(), own.get()) != 1) {
      return certificate_failure(setup_.cert, own.get());
    }
    if (Status added = add_chain(bio.get(), setup_.cert); !added) return added;
    if (setup_.extra_certs.defined()) {
      const Bio extra = bio_of(setup_.extra_certs.text);
      if (Status added = add_chain(extra.get(), setup_.extra_certs); !added) return added;
    }
    return setup_.signer != nullptr ? use_signer(own.get()) : load_key();
  }

  Status use_signer(X509* own) {
    const PrivateKey key = library_->key(X509_get0_pubkey(own), *setup_.signer);
    if (!key || SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
      return openssl_failure("the key of " + setup_.cert.name + " is of no kind that can be used",
                             "RSA, EC and Ed25519 keys can");
    }
    return {};
  }

  // What "ca" has above our own certificate goes along with it, as with stock. Left to itself
  // OpenSSL looks for that in every handshake and checks the signatures. A client leaves the root
  // out, which a server must have anyway; a server sends it, so that a client with another CA can
  // say so.
  void build_own_chain() {
    STACK_OF(X509)* given = nullptr;  // by "cert" and "extra-certs": then it is that
    SSL_CTX_get_extra_chain_certs_only(context_.get(), &given);
    if (!setup_.cert.defined() || sk_X509_num(given) > 0) return;
    const int root = setup_.server ? 0 : SSL_BUILD_CHAIN_FLAG_NO_ROOT;
    SSL_CTX_build_cert_chain(context_.get(), root | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
                                                 SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
    SSL_CTX_set_mode(context_.get(), SSL_MODE_NO_AUTO_CHAIN);
    ERR_clear_error();
  }

  Status add_chain(BIO* bio, const NamedPem& from) {
    while (X509* next = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
      if (SSL_CTX_add_extra_chain_cert(context_.get(), next) != 1) {
        const Certificate refused(next);
        return certificate_failure(from, next);
      }
    }
    ERR_clear_error();  // the end of the file
    return {};
  }

  Status load_key() {
    const Bio bio = bio_of(setup_.key.text);
    const PrivateKey key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &setup_.passphrase));
    if (!key) {
      return openssl_failure("cannot read a private key from " + setup_.key.name,
                             key_is_encrypted(setup_.key.text) ? "is the passphrase right?" : "");
    }
    if (SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1 ||
        SSL_CTX_check_private_key(context_.get()) != 1) {
      return openssl_failure(setup_.key.name + " does not belong to " + setup_.cert.name,
                             "give the key that was made together with this certificate");
    }
    return {};
  }

  Status load_dh() {
    if (!setup_.dh.defined() || !setup_.server) return {};
    const Bio bio = bio_of(setup_.dh.text);
    PrivateKey parameters(PEM_read_bio_Parameters(bio.get(), nullptr));
    if (!parameters) {
      return openssl_failure("cannot read Diffie-Hellman parameters from " + setup_.dh.name,
                             "\"dh none\" is enough: ECDHE is used anyway");
    }
    const int bits = EVP_PKEY_get_bits(parameters.get());
    if (bits < 2048 && setup_.profile != Setup::Profile::insecure) {
      return fail_with(
          {fmt::format("{} has {} bits; at least 2048 are needed", setup_.dh.name, bits),
           "write \"dh none\" (ECDHE is used anyway), or make new ones: openssl dhparam "
           "-out dh2048.pem 2048"});
    }
    if (SSL_CTX_set0_tmp_dh_pkey(context_.get(), parameters.get()) != 1) {
      return openssl_failure("cannot use " + setup_.dh.name);
    }
    static_cast<void>(parameters.release());
    return {};
  }

  // A fresh store each time, so that a reloaded list replaces the old one for new handshakes.
  Status load_authorities(const NamedPem& crl) {
    std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> store(X509_STORE_new());
    const auto authorities = certificates_in(setup_.ca.text);
    for (const Certificate& one : authorities) X509_STORE_add_cert(store.get(), one.get());
    ERR_clear_error();
    if (setup_.ca.defined() && authorities.empty()) {
      return fail_with({"no certificate found in " + setup_.ca.name,
                        "it must hold certificates as text (-----BEGIN CERTIFICATE-----)"});
    }
    if (!setup_.ca_path.empty() && X509_STORE_load_path(store.get(), setup_.ca_path.c_str()) != 1) {
      return openssl_failure("cannot use capath " + setup_.ca_path);
    }
    if (!setup_.ca_path.empty()) demand_lists(store.get());  // the folder may hold some
    if (crl.defined()) {
      if (Status added = add_lists(store.get(), crl); !added) return added;
    }
    SSL_CTX_set_cert_store(context_.get(), store.release());
    return {};
  }

  // Once only: what clients are told to choose their certificate by.
  void name_authorities() {
    for (const Certificate& one : certificates_in(setup_.ca.text)) {
      SSL_CTX_add_client_CA(context_.get(), one.get());
    }
  }

  static Status add_lists(X509_STORE* store, const NamedPem& crl) {
    const auto lists = lists_in(crl.text);
    for (const RevocationList& one : lists) X509_STORE_add_crl(store, one.get());
    ERR_clear_error();
    if (lists.empty()) return fail("no revocation list found in {}", crl.name);
    demand_lists(store);
    return {};
  }

  static void demand_lists(X509_STORE* store) {
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  }

  void set_verification() {
    const bool no_authority = !setup_.ca.defined() && setup_.ca_path.empty();
    verification_ = std::make_shared<const Verification>(Verification{
        setup_.peer, setup_.revoked, setup_.judge, setup_.keep_pem, no_authority, library_});
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    if (setup_.peer.presence == PeerPolicy::Presence::optional) mode = SSL_VERIFY_PEER;
    if (setup_.peer.presence == PeerPolicy::Presence::none) mode = SSL_VERIFY_NONE;
    SSL_CTX_set_verify(context_.get(), mode, verify_peer);
    if (setup_.verify_at) {
      X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context_.get()),
                                 static_cast<time_t>(setup_.verify_at->seconds));
    }
  }

  Setup setup_;
  std::shared_ptr<SigningLibrary> library_;  // only with a signer
  SslContext context_;
  std::shared_ptr<const Verification> verification_;
  Revocations revocations_;
};

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::create(const Setup& setup) {
  auto context = std::make_unique<OpensslContext>(setup);
  if (Status loaded = context->load(); !loaded) return fail_with(loaded.error());
  return context;
}

bool key_is_encrypted(std::string_view pem) {
  return pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
         pem.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

CipherNames cipher_names(const std::string& ciphers, const std::string& ciphersuites) {
  CipherNames names;
  const SslContext context(SSL_CTX_new(TLS_method()));
  if (!context || !set_ciphers(context.get(), ciphers, ciphersuites)) return names;
  const SslConnection connection(SSL_new(context.get()));
  STACK_OF(SSL_CIPHER)* list = SSL_get1_supported_ciphers(connection.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(list); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(list, i);
    const bool tls13 = std::string_view(SSL_CIPHER_get_version(cipher)) == "TLSv1.3";
    std::string name = tls13 ? SSL_CIPHER_get_name(cipher) : SSL_CIPHER_standard_name(cipher);
    if (!tls13) std::ranges::replace(name, '_', '-');
    (tls13 ? names.tls13 : names.tls12).push_back(std::move(name));
  }
  sk_SSL_CIPHER_free(list);
  return names;
}

}  // namespace adit::tls
