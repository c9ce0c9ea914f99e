#include "tls/peer_check.h"

#include <openssl/x509v3.h>

#include "base/text.h"
#include "tls/certificate.h"

namespace adit::tls {

namespace {

using Refusal = std::optional<PeerRefusal>;

bool has_extended_usage(X509* certificate, const std::string& wanted) {
  auto* usages = static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr));
  bool found = false;
  for (int i = 0; usages != nullptr && i < sk_ASN1_OBJECT_num(usages) && !found; ++i) {
    const ASN1_OBJECT* usage = sk_ASN1_OBJECT_value(usages, i);
    char text[256];
    found = OBJ_obj2txt(text, sizeof text, usage, 0) > 0 && wanted == text;
    found = found || (OBJ_obj2txt(text, sizeof text, usage, 1) > 0 && wanted == text);
  }
  EXTENDED_KEY_USAGE_free(usages);
  return found;
}

unsigned key_usage_of(X509* certificate) {
  X509_check_purpose(certificate, -1, 0);  // fills the cached extension bits
  const std::uint32_t usage = X509_get_key_usage(certificate);
  return usage == UINT32_MAX ? 0 : static_cast<unsigned>(usage);
}

Refusal check_usage(X509* certificate, const PeerPolicy& policy) {
  const bool server = policy.usage == PeerPolicy::Usage::server;
  const char* wanted = server ? "TLS Web Server Authentication" : "TLS Web Client Authentication";
  if (key_usage_of(certificate) == 0) {
    return PeerRefusal{"VERIFY KU ERROR",
                       "the peer's certificate has no key usage extension; issue "
                       "it anew, or drop remote-cert-tls"};
  }
  if (!has_extended_usage(certificate, wanted)) {
    return PeerRefusal{"VERIFY EKU ERROR",
                       std::string("remote-cert-tls wants a certificate for \"") + wanted +
                           "\", but \"" + subject_of(certificate) + "\" is not one: " +
                           (server ? "is the other side really the server?"
                                   : "a server certificate cannot be used by a client")};
  }
  return std::nullopt;
}

Refusal check_key_usage(X509* certificate, const PeerPolicy& policy) {
  const unsigned usage = key_usage_of(certificate);
  for (const unsigned wanted : policy.key_usage) {
    if ((usage & wanted) == wanted) return std::nullopt;
  }
  return PeerRefusal{
      "VERIFY KU ERROR",
      fmt::format("remote-cert-ku is not met: the certificate has key usage {:04x}", usage)};
}

Refusal check_name(X509* certificate, const PeerPolicy& policy) {
  const std::string subject = subject_of(certificate);
  const std::string name = username_of(certificate, policy.username_fields).value_or("");
  bool matches = false;
  std::string shown = name;
  switch (policy.name_match) {
    case PeerPolicy::NameMatch::off:
      return std::nullopt;
    case PeerPolicy::NameMatch::subject:
      matches = subject == policy.name;
      shown = subject;
      break;
    case PeerPolicy::NameMatch::name:
      matches = name == policy.name;
      break;
    case PeerPolicy::NameMatch::name_prefix:
      matches = name.starts_with(policy.name);
      break;
  }
  if (matches) return std::nullopt;
  return PeerRefusal{"VERIFY X509NAME ERROR: " + subject + ", must be " + policy.name,
                     "verify-x509-name expects \"" + policy.name +
                         "\", but the certificate says \"" + shown + "\""};
}

}  // namespace

bool fingerprint_allowed(X509* certificate, const PeerPolicy& policy) {
  if (policy.fingerprints.empty()) return true;
  const std::string fingerprint = to_upper(describe(certificate, 0).sha256);
  for (const std::string& allowed : policy.fingerprints) {
    if (to_upper(allowed) == fingerprint) return true;
  }
  return false;
}

Refusal refuse_peer(X509* certificate, const PeerPolicy& policy, RevokedSerials* revoked) {
  if (!fingerprint_allowed(certificate, policy)) {
    const ChainEntry entry = describe(certificate, 0);
    return PeerRefusal{
        "TLS Error: --tls-verify/--peer-fingerprint certificate hash verification failed. (got "
        "fingerprint: " +
            entry.sha256 + ")",
        "add this line to <peer-fingerprint> if the certificate of \"" + entry.subject +
            "\" is the right one"};
  }
  if (policy.usage != PeerPolicy::Usage::any) {
    if (auto refusal = check_usage(certificate, policy)) return refusal;
  }
  if (!policy.key_usage.empty()) {
    if (auto refusal = check_key_usage(certificate, policy)) return refusal;
  }
  if (!policy.extended_key_usage.empty() &&
      !has_extended_usage(certificate, policy.extended_key_usage)) {
    return PeerRefusal{"VERIFY EKU ERROR",
                       "remote-cert-eku wants \"" + policy.extended_key_usage + "\""};
  }
  if (auto refusal = check_name(certificate, policy)) return refusal;
  const ChainEntry entry = describe(certificate, 0);
  if (revoked != nullptr && revoked->is_revoked(entry.serial)) {
    return PeerRefusal{"VERIFY CRL: certificate serial number " + entry.serial + " is revoked", {}};
  }
  if (auto name = username_of(certificate, policy.username_fields); !name) {
    return PeerRefusal{"VERIFY ERROR: could not extract " + join(policy.username_fields, ", ") +
                           " from X509 subject string ('" + entry.subject + "')",
                       name.error().what};
  }
  return std::nullopt;
}

std::string chain_advice(int error, X509* certificate) {
  const std::string subject = certificate != nullptr ? subject_of(certificate) : "";
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: {
      const bool expired = error == X509_V_ERR_CERT_HAS_EXPIRED;
      const std::string when =
          certificate != nullptr ? " (" + validity_text(certificate) + ")" : std::string();
      return "the certificate \"" + subject + "\" " +
             (expired ? "has expired" : "is not valid yet") + when +
             ": renew it, or set this host's clock right";
    }
    case X509_V_ERR_CERT_REVOKED:
      return "the certificate \"" + subject + "\" stands in the revocation list: issue a new one";
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return "the revocation list (crl-verify) is out of date and so refuses everybody: make a new "
             "one";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return "the revocation list (crl-verify) is not issued by the CA of \"" + subject + "\"";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "the other side's certificate is not issued by a CA in our \"ca\" file (\"" + subject +
             "\"): both sides need the same CA";
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_EE_KEY_TOO_SMALL:
      return "the certificate \"" + subject +
             "\" is too weak (SHA1/MD5 signature or short key): "
             "re-issue it, or set tls-cert-profile insecure for now";
    case X509_V_ERR_INVALID_PURPOSE:
      return "the certificate \"" + subject +
             "\" is not made for this role: a client needs one "
             "with extended key usage clientAuth, a server one with serverAuth";
    default:
      return {};
  }
}

}  // namespace adit::tls
