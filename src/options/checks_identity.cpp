#include <fmt/core.h>

#include "options/checks.h"
#include "options/findings.h"

namespace adit::options {

namespace {

bool refuse_beside(const Config& config, const Findings& found, const char* reason,
                   std::initializer_list<const char*> options) {
  for (const char* name : options) {
    if (config.said_of(name) == nullptr) continue;
    found.error(
        name,
        fmt::format("Parameter --{} cannot be used when --{} is also specified.", name, reason),
        "remove one of them");
    return true;
  }
  return false;
}

void check_token(const Config& config, const Findings& found) {
  const Tokens& tokens = config.tokens;
  if (tokens.id.empty() && !tokens.id_by_manager) {
    found.error("pkcs11-providers",
                "Parameter --pkcs11-id or --pkcs11-id-management should be specified.",
                "adit --show-pkcs11-ids MODULE lists them");
  }
  if (tokens.id_by_manager && refuse_beside(config, found, "pkcs11-id-management", {"pkcs11-id"})) {
    return;
  }
  refuse_beside(config, found, "pkcs11-provider",
                {"management-external-key", "cert", "key", "pkcs12"});
}

void check_manager(const Config& config, const Findings& found) {
  if (config.management.defined()) return;
  for (const Said& said : config.said) {
    if (!said.name.starts_with("management-")) continue;
    return found.error(said.name,
                       "--management is not specified, however one or more options which modify "
                       "the behavior of --management were specified",
                       "add the line \"management HOST PORT\"");
  }
}

void check_external_key(const Config& config, const Findings& found) {
  const bool by_manager = !config.management.external_cert.empty();
  if (config.identity.pkcs12.defined()) {
    refuse_beside(config, found, "pkcs12", {"management-external-key"});
    return;
  }
  if (config.identity.key.defined()) {
    found.error("key", "--key and --management-external-key are mutually exclusive",
                "remove one of them");
  }
  if (by_manager && config.identity.cert.defined()) {
    found.error("cert", "--cert and --management-external-cert are mutually exclusive",
                "remove one of them");
  }
  if (!by_manager && !config.identity.cert.defined()) {
    found.error("", "You must define certificate file (--cert) or PKCS#12 file (--pkcs12)",
                "add the line \"cert FILE\", or management-external-cert");
  }
}

void check_own_certificate(const Config& config, const Findings& found) {
  const Identity& identity = config.identity;
  if (!config.management.external_cert.empty() && !config.management.external_key) {
    found.error("management-external-cert",
                "--management-external-cert must be used with --management-external-key",
                "add the line \"management-external-key\"");
    return;
  }
  if (config.tokens.defined()) return check_token(config, found);
  if (config.management.external_key) return check_external_key(config, found);
  const bool has_cert = identity.cert.defined(), has_key = identity.key.defined();
  if (identity.pkcs12.defined()) {
    refuse_beside(config, found, "pkcs12", {"capath", "cert", "key"});
    return;
  }
  if (has_cert && !has_key) {
    found.error("cert", "cert is given without key",
                "add the line \"key FILE\" for its private key");
  }
  if (has_key && !has_cert) {
    found.error("key", "key is given without cert",
                "add the line \"cert FILE\" for its certificate");
  }
  if (has_cert || has_key) return;
  if (config.tls_role == TlsRole::server) {
    found.error("", "You must define certificate file (--cert) and private key file (--key)",
                "\"adit pki init\" and \"adit pki server NAME\" make them");
  } else if (!config.client.auth_user_pass) {
    found.error("", "No client-side authentication method is specified",
                "use cert and key, or auth-user-pass");
  }
}

void check_trust(const Config& config, const Findings& found) {
  const Identity& identity = config.identity;
  const bool trusts_somebody = identity.ca.defined() || !identity.ca_path.empty() ||
                               !identity.peer_fingerprints.empty() || identity.pkcs12.defined();
  if (!trusts_somebody) {
    found.error("",
                "You must define CA file (--ca) or CA path (--capath) and/or peer fingerprint "
                "verification (--peer-fingerprint)",
                "add the line \"ca FILE\", or \"peer-fingerprint FINGERPRINT\" of the other side");
  }
  if (!identity.issuer_hashes.empty() && !identity.peer_fingerprints.empty()) {
    found.error("verify-hash",
                "ERROR: Setting verify-hash not allowed. --verify-hash and --peer-fingerprint are "
                "mutually exclusive",
                "keep peer-fingerprint");
  }
  const bool knows_server =
      identity.remote_cert_tls != Identity::CertUsage::any || !identity.verify_x509_name.empty() ||
      !identity.peer_fingerprints.empty() || !identity.remote_cert_eku.empty() ||
      !identity.remote_cert_ku.empty() || config.scripts.tls_verify.defined();
  if (config.tls_role == TlsRole::client && trusts_somebody && !knows_server) {
    found.warn("ca", "any certificate of this CA could pose as the server",
               "add \"remote-cert-tls server\"");
  }
}

// The literal word of 2.1 to 2.3 announces a block that must follow.
void check_announced_blocks(const Config& config, const Findings& found) {
  for (const NamedFile& file : files_of(config)) {
    if (file.path == "[inline]") {
      found.error(file.option, "the block <" + file.option + "> is missing",
                  "add it, or write the name of the file in place of [inline]");
    }
  }
}

}  // namespace

void check_identity(const Config& config, const Findings& found) {
  check_manager(config, found);
  if (config.tls_role == TlsRole::none) return;
  check_own_certificate(config, found);
  check_trust(config, found);
  check_announced_blocks(config, found);
  const Identity& identity = config.identity;
  if (!identity.tls_version_max.empty() && identity.tls_version_max < identity.tls_version_min) {
    found.error("tls-version-min", "--tls-version-min bigger than --tls-version-max",
                "make tls-version-min the smaller one");
  }
  if (config.tls_role == TlsRole::client && identity.dh.defined()) {
    found.note("dh", "only servers use dh; it is ignored");
  }
}

}  // namespace adit::options
