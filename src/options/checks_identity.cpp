#include "options/checks.h"
#include "options/findings.h"

namespace adit::options {

namespace {

void check_own_certificate(const Config& config, const Findings& found) {
  const Identity& identity = config.identity;
  const bool has_cert = identity.cert.defined(), has_key = identity.key.defined();
  if (identity.pkcs12.defined() || config.management.external_key) return;
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
    found.error("", "You must define certificate file (--cert) and private key file (--key)");
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
                "verification (--peer-fingerprint)");
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
      found.error(file.option, "the block <" + file.option + "> is missing");
    }
  }
}

}  // namespace

void check_identity(const Config& config, const Findings& found) {
  if (config.tls_role == TlsRole::none) return;
  check_own_certificate(config, found);
  check_trust(config, found);
  check_announced_blocks(config, found);
  const Identity& identity = config.identity;
  if (!identity.tls_version_max.empty() && identity.tls_version_max < identity.tls_version_min) {
    found.error("tls-version-min", "--tls-version-min bigger than --tls-version-max");
  }
  if (config.tls_role == TlsRole::client && identity.dh.defined()) {
    found.note("dh", "only servers use dh; it is ignored");
  }
}

}  // namespace adit::options
