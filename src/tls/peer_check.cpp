#include "tls/peer_check.h"

#include <algorithm>
#include <ctime>

#include <openssl/x509v3.h>

#include "base/stock_lines.h"
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

std::string usages_or_none(X509* certificate) {
  const std::string usages = extended_usages_of(certificate);
  return usages.empty() ? "no extended key usage" : "\"" + usages + "\"";
}

Refusal check_usage(X509* certificate, const PeerPolicy& policy) {
  const bool server = policy.usage == PeerPolicy::Usage::server;
  const char* wanted = server ? "TLS Web Server Authentication" : "TLS Web Client Authentication";
  if (key_usage_of(certificate) == 0) {
    return PeerRefusal{std::string(stock_lines::key_usage),
                       "the peer's certificate has no key usage extension; issue "
                       "it anew, or drop remote-cert-tls"};
  }
  if (!has_extended_usage(certificate, wanted)) {
    return PeerRefusal{std::string(stock_lines::extended_key_usage),
                       std::string("remote-cert-tls wants a certificate for \"") + wanted +
                           "\", but \"" + subject_of(certificate) + "\" is not one, it has " +
                           usages_or_none(certificate) + ": " +
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
  std::string wanted;
  for (const unsigned one : policy.key_usage) {
    wanted += (wanted.empty() ? "" : " or ") + fmt::format("{:04x}", one);
  }
  return PeerRefusal{std::string(stock_lines::key_usage),
                     fmt::format("remote-cert-ku wants key usage {}, but \"{}\" has {:04x}", wanted,
                                 subject_of(certificate), usage)};
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
  return PeerRefusal{stock_lines::wrong_name(subject, policy.name),
                     "verify-x509-name expects \"" + policy.name +
                         "\", but the certificate says \"" + shown + "\""};
}

std::string utc(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// The time that the dates were held against.
std::time_t time_of(X509_STORE_CTX* chain) {
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(chain);
  const bool fixed = (X509_VERIFY_PARAM_get_flags(parameters) & X509_V_FLAG_USE_CHECK_TIME) != 0;
  return fixed ? X509_VERIFY_PARAM_get_time(parameters) : std::time(nullptr);
}

std::string dates(X509_STORE_CTX* chain) {
  X509* const certificate = X509_STORE_CTX_get_current_cert(chain);
  if (certificate == nullptr) return {};
  return " (" + validity_text(certificate) + "; this host's clock says " + utc(time_of(chain)) +
         ")";
}

// The subjects of the first few CA certificates that we trust.
std::string trusted_names(X509_STORE_CTX* chain) {
  constexpr std::size_t most = 3;
  std::vector<std::string> names;
  std::size_t count = 0;
  STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(X509_STORE_CTX_get0_store(chain));
  for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
    X509* const authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    if (authority == nullptr) continue;
    if (++count <= most) names.push_back("\"" + subject_of(authority) + "\"");
  }
  std::string text = join(names, ", ");
  if (count > most) text += fmt::format(" and {} more", count - most);
  return text.empty() ? "no certificate" : text;
}

std::string unknown_issuer(X509_STORE_CTX* chain) {
  X509* const certificate = X509_STORE_CTX_get_current_cert(chain);
  if (certificate == nullptr) return "the other side's certificate has no issuer that we know";
  const std::string subject = subject_of(certificate), issuer = issuer_of(certificate);
  const std::string ours = "our \"ca\" file (it holds " + trusted_names(chain) + ")";
  if (subject == issuer) {
    return "the other side's certificate is not issued by a CA in " + ours + " but by \"" + issuer +
           "\": both sides need the same CA";
  }
  return "the other side's certificate is not issued by a CA in " + ours + ": \"" + subject +
         "\" is issued by \"" + issuer + "\"; both sides need the same CA";
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
    return PeerRefusal{stock_lines::wrong_fingerprint("fingerprint", entry.sha256),
                       "add this line to <peer-fingerprint> if the certificate of \"" +
                           entry.subject + "\" is the right one"};
  }
  if (policy.usage != PeerPolicy::Usage::any) {
    if (auto refusal = check_usage(certificate, policy)) return refusal;
  }
  if (!policy.key_usage.empty()) {
    if (auto refusal = check_key_usage(certificate, policy)) return refusal;
  }
  if (!policy.extended_key_usage.empty() &&
      !has_extended_usage(certificate, policy.extended_key_usage)) {
    return PeerRefusal{std::string(stock_lines::extended_key_usage),
                       "remote-cert-eku wants \"" + policy.extended_key_usage + "\", but \"" +
                           subject_of(certificate) + "\" has " + usages_or_none(certificate)};
  }
  if (auto refusal = check_name(certificate, policy)) return refusal;
  const ChainEntry entry = describe(certificate, 0);
  if (revoked != nullptr && revoked->is_revoked(entry.serial)) {
    return PeerRefusal{stock_lines::serial_revoked(entry.serial), {}};
  }
  if (auto name = username_of(certificate, policy.username_fields); !name) {
    return PeerRefusal{stock_lines::no_username(join(policy.username_fields, ", "), entry.subject),
                       name.error().what};
  }
  return std::nullopt;
}

Refusal refuse_issuer(X509* certificate, const PeerPolicy& policy) {
  if (policy.issuer_hashes.empty()) return std::nullopt;
  const ChainEntry entry = describe(certificate, 1);
  const std::string& hash = policy.issuer_hashes_sha1 ? entry.sha1 : entry.sha256;
  if (std::ranges::find(policy.issuer_hashes, to_upper(hash)) != policy.issuer_hashes.end()) {
    return std::nullopt;
  }
  return PeerRefusal{
      stock_lines::wrong_fingerprint("certificate fingerprint", hash),
      "the peer's certificate was issued by \"" + entry.subject + "\"; verify-hash names another"};
}

std::string chain_advice(X509_STORE_CTX* chain) {
  X509* const certificate = X509_STORE_CTX_get_current_cert(chain);
  const std::string subject = certificate != nullptr ? subject_of(certificate) : "";
  switch (X509_STORE_CTX_get_error(chain)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate \"" + subject + "\" has expired" + dates(chain) +
             ": renew it, or set this host's clock right";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate \"" + subject + "\" is not valid yet" + dates(chain) +
             ": renew it, or set this host's clock right";
    case X509_V_ERR_CERT_REVOKED:
      return "the certificate \"" + subject + "\" stands in the revocation list: issue a new one";
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return "the revocation list (crl-verify) is out of date and so refuses everybody: make a new "
             "one";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return unknown_issuer(chain);
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_EE_KEY_TOO_SMALL: {
      const std::string weakness = certificate != nullptr ? weakness_of(certificate) : "";
      return "the certificate \"" + subject + "\" is too weak (" +
             (weakness.empty() ? "for this tls-cert-profile" : weakness) +
             "): re-issue it with SHA256 and at least 2048 bits, or set \"tls-cert-profile "
             "insecure\" for now";
    }
    case X509_V_ERR_INVALID_PURPOSE:
      return "the certificate \"" + subject +
             "\" is not made for this role: a client needs one "
             "with extended key usage clientAuth, a server one with serverAuth" +
             (certificate != nullptr ? "; it has " + usages_or_none(certificate) : "");
    default:
      return {};
  }
}

}  // namespace adit::tls
