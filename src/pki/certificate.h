#pragma once

// Makes and reads certificates. OpenSSL types: include from .cpp files and room-private headers.

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "pki/entry.h"
#include "pki/handles.h"
#include "pki/name.h"

namespace adit::pki {

struct Validity {
  WallTime from;
  WallTime until;
};

// Who signs.
struct Signer {
  X509* certificate;
  EVP_PKEY* key;
  // There is a second certificate for the same key, signed by the authority before: what a server
  // shows must name its issuer by the key alone, so that either fits.
  bool bridged = false;
};

[[nodiscard]] Result<Certificate> make_authority(const std::string& common_name, EVP_PKEY* key,
                                                 const std::string& serial,
                                                 const Validity& validity);
// kind: server or client. key: the subject's.
// source: easy-rsa 3.1's profiles of the same names
[[nodiscard]] Result<Certificate> make_certificate(Kind kind, const Name& name, EVP_PKEY* key,
                                                   const std::string& serial,
                                                   const Validity& validity, const Signer& signer);

// A certificate for the same subject and use, with the same alternative names. Where the old one
// states no use, the new one states none either.
[[nodiscard]] Result<Certificate> make_successor(X509* old, EVP_PKEY* key,
                                                 const std::string& serial,
                                                 const Validity& validity, const Signer& signer);
// The certificate of an authority as another one signs it: same subject and key.
[[nodiscard]] Result<Certificate> make_cross(X509* authority, const std::string& serial,
                                             const Validity& validity, const Signer& signer);

// "/C=US/CN=name"
[[nodiscard]] std::string text_of(const X509_NAME* name);

// What we want to know of a certificate.
struct Facts {
  std::string common_name;  // UTF-8; empty when it has none or it holds a NUL
  std::string subject;      // as the index writes it: "/CN=name"
  std::string serial;
  Kind kind = Kind::other;
  Validity validity;
};
[[nodiscard]] Facts facts_of(X509* certificate);
[[nodiscard]] bool signed_by(X509* certificate, X509* authority);
[[nodiscard]] bool belongs_to(EVP_PKEY* key, X509* certificate);

[[nodiscard]] std::string render_pem(X509* certificate);
// A description for humans, then the PEM: what "openssl ca" leaves in issued/.
[[nodiscard]] std::string render_described(X509* certificate);
// The first certificate, or all of them, in a text that may hold other lines; at least one.
// file: named in errors
[[nodiscard]] Result<Certificate> parse_certificate(std::string_view text, std::string_view file);
[[nodiscard]] Result<std::vector<Certificate>> parse_certificates(std::string_view text,
                                                                  std::string_view file);

// Shared with the revocation list, which is signed and dated in the same way.
[[nodiscard]] const EVP_MD* digest_for(EVP_PKEY* key);
[[nodiscard]] Asn1Time asn1_time(WallTime at);
[[nodiscard]] WallTime wall_time(const ASN1_TIME* time);

}  // namespace adit::pki
