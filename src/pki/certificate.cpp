#include "pki/certificate.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki/serial.h"

namespace adit::pki {

namespace {

using BitString = std::unique_ptr<ASN1_BIT_STRING, Freer<ASN1_BIT_STRING_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

struct ExtensionLine {
  int nid;
  const char* value;
};

// The order matters: an authority key identifier is read off the subject's that stands before it.
constexpr std::array authority_extensions{
    ExtensionLine{NID_basic_constraints, "critical,CA:TRUE"},
    ExtensionLine{NID_subject_key_identifier, "hash"},
    ExtensionLine{NID_authority_key_identifier, "keyid:always,issuer:always"},
    ExtensionLine{NID_key_usage, "critical,keyCertSign,cRLSign"},
};
// The authority that signs may be another tool's, without a subject key identifier: then issuer and
// serial say which it is.
constexpr std::array cross_extensions{
    ExtensionLine{NID_basic_constraints, "critical,CA:TRUE"},
    ExtensionLine{NID_subject_key_identifier, "hash"},
    ExtensionLine{NID_authority_key_identifier, "keyid,issuer:always"},
    ExtensionLine{NID_key_usage, "critical,keyCertSign,cRLSign"},
};
constexpr std::array server_extensions{
    ExtensionLine{NID_basic_constraints, "CA:FALSE"},
    ExtensionLine{NID_subject_key_identifier, "hash"},
    ExtensionLine{NID_authority_key_identifier, "keyid,issuer:always"},
    ExtensionLine{NID_ext_key_usage, "serverAuth"},
    ExtensionLine{NID_key_usage, "digitalSignature,keyEncipherment"},
};
constexpr std::array client_extensions{
    ExtensionLine{NID_basic_constraints, "CA:FALSE"},
    ExtensionLine{NID_subject_key_identifier, "hash"},
    ExtensionLine{NID_authority_key_identifier, "keyid,issuer:always"},
    ExtensionLine{NID_ext_key_usage, "clientAuth"},
    ExtensionLine{NID_key_usage, "digitalSignature"},
};

constexpr std::array server_and_client_extensions{
    ExtensionLine{NID_basic_constraints, "CA:FALSE"},
    ExtensionLine{NID_subject_key_identifier, "hash"},
    ExtensionLine{NID_authority_key_identifier, "keyid,issuer:always"},
    ExtensionLine{NID_ext_key_usage, "serverAuth,clientAuth"},
    ExtensionLine{NID_key_usage, "digitalSignature,keyEncipherment"},
};

// What says its use otherwise, or not at all: that is copied.
constexpr std::array other_extensions{
    ExtensionLine{NID_basic_constraints, "CA:FALSE"},
    ExtensionLine{NID_subject_key_identifier, "hash"},
    ExtensionLine{NID_authority_key_identifier, "keyid,issuer:always"},
};
constexpr std::array extensions_of_use{NID_ext_key_usage, NID_key_usage, NID_netscape_cert_type};

std::span<const ExtensionLine> extensions_of(Kind kind) {
  if (kind == Kind::server) return server_extensions;
  if (kind == Kind::client) return client_extensions;
  if (kind == Kind::server_and_client) return server_and_client_extensions;
  return other_extensions;
}

bool set_common_name(X509* certificate, const std::string& common_name) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                    MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

// Everything but name, extensions and signature.
Certificate blank(EVP_PKEY* key, const std::string& serial, const Validity& validity) {
  Certificate certificate(X509_new());
  const bool ok = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                  X509_set_serialNumber(certificate.get(), asn1_of(serial).get()) == 1 &&
                  X509_set1_notBefore(certificate.get(), asn1_time(validity.from).get()) == 1 &&
                  X509_set1_notAfter(certificate.get(), asn1_time(validity.until).get()) == 1 &&
                  X509_set_pubkey(certificate.get(), key) == 1;
  return ok ? std::move(certificate) : nullptr;
}

bool add_extensions(X509* certificate, X509* issuer, std::span<const ExtensionLine> lines,
                    bool by_key_alone = false) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : lines) {
    const bool loose = by_key_alone && nid == NID_authority_key_identifier;
    const Extension extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, loose ? "keyid:always" : value));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return false;
  }
  return true;
}

GENERAL_NAME* alternative_name(const std::string& text) {
  std::array<unsigned char, 16> binary;
  const bool is_address = inet_pton(AF_INET, text.c_str(), binary.data()) == 1 ||
                          inet_pton(AF_INET6, text.c_str(), binary.data()) == 1;
  return a2i_GENERAL_NAME(nullptr, nullptr, nullptr, is_address ? GEN_IPADD : GEN_DNS, text.c_str(),
                          0);
}

bool add_alternative_name(X509* certificate, const Name& name) {
  const GeneralNames names(GENERAL_NAMES_new());
  GENERAL_NAME* alternative = alternative_name(name.text());
  if (!names || alternative == nullptr) return false;
  if (sk_GENERAL_NAME_push(names.get(), alternative) <= 0) {
    GENERAL_NAME_free(alternative);
    return false;
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

// What certificates said before there was an extended key usage.
// source: easy-rsa 2.0, nsCertType
Kind netscape_kind_of(X509* certificate) {
  const BitString type(static_cast<ASN1_BIT_STRING*>(
      X509_get_ext_d2i(certificate, NID_netscape_cert_type, nullptr, nullptr)));
  if (!type) return Kind::other;
  if (ASN1_BIT_STRING_get_bit(type.get(), 1) == 1) return Kind::server;
  return ASN1_BIT_STRING_get_bit(type.get(), 0) == 1 ? Kind::client : Kind::other;
}

bool copy_extension(X509* certificate, X509* from, int nid) {
  const int at = X509_get_ext_by_NID(from, nid, -1);
  return at < 0 || X509_add_ext(certificate, X509_get_ext(from, at), -1) == 1;
}

bool copy_use(X509* certificate, X509* from) {
  return std::ranges::all_of(extensions_of_use,
                             [&](int nid) { return copy_extension(certificate, from, nid); });
}

Kind kind_of(X509* certificate) {
  if (X509_check_ca(certificate) == 1) return Kind::ca;
  const auto usage = X509_get_extended_key_usage(certificate);
  if (usage == UINT32_MAX) return netscape_kind_of(certificate);  // none stated
  const bool server = (usage & XKU_SSL_SERVER) != 0;
  const bool client = (usage & XKU_SSL_CLIENT) != 0;
  if (server && client) return Kind::server_and_client;
  if (server) return Kind::server;
  return client ? Kind::client : Kind::other;
}

std::string common_name_of(X509* certificate) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text.find('\0') == std::string::npos ? text : std::string();
}

}  // namespace

Result<Certificate> make_authority(const std::string& common_name, EVP_PKEY* key,
                                   const std::string& serial, const Validity& validity) {
  Certificate made = blank(key, serial, validity);
  const bool ok = made && set_common_name(made.get(), common_name) &&
                  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
                  add_extensions(made.get(), made.get(), authority_extensions) &&
                  X509_sign(made.get(), key, digest_for(key)) > 0;
  if (!ok) return fail_with(openssl_failure("make the certificate of the authority"));
  return made;
}

Result<Certificate> make_certificate(Kind kind, const Name& name, EVP_PKEY* key,
                                     const std::string& serial, const Validity& validity,
                                     const Signer& signer) {
  const bool server = kind == Kind::server;
  Certificate made = blank(key, serial, validity);
  const bool ok =
      made && set_common_name(made.get(), name.text()) &&
      X509_set_issuer_name(made.get(), X509_get_subject_name(signer.certificate)) == 1 &&
      add_extensions(made.get(), signer.certificate, extensions_of(kind),
                     signer.bridged && serves(kind)) &&
      (!server || add_alternative_name(made.get(), name)) &&
      X509_sign(made.get(), signer.key, digest_for(signer.key)) > 0;
  if (!ok) {
    return fail_with(openssl_failure(fmt::format("make the certificate of {}", name.text())));
  }
  return made;
}

Result<Certificate> make_successor(X509* old, EVP_PKEY* key, const std::string& serial,
                                   const Validity& validity, const Signer& signer) {
  const Kind kind = kind_of(old);
  Certificate made = blank(key, serial, validity);
  const bool ok =
      made && X509_set_subject_name(made.get(), X509_get_subject_name(old)) == 1 &&
      X509_set_issuer_name(made.get(), X509_get_subject_name(signer.certificate)) == 1 &&
      add_extensions(made.get(), signer.certificate, extensions_of(kind),
                     signer.bridged && may_serve(kind)) &&
      (kind != Kind::other || copy_use(made.get(), old)) &&
      copy_extension(made.get(), old, NID_subject_alt_name) &&
      X509_sign(made.get(), signer.key, digest_for(signer.key)) > 0;
  if (!ok) {
    return fail_with(
        openssl_failure(fmt::format("make a new certificate of {}", common_name_of(old))));
  }
  return made;
}

Result<Certificate> make_cross(X509* authority, const std::string& serial, const Validity& validity,
                               const Signer& signer) {
  Certificate made = blank(X509_get0_pubkey(authority), serial, validity);
  const bool ok =
      made && X509_set_subject_name(made.get(), X509_get_subject_name(authority)) == 1 &&
      X509_set_issuer_name(made.get(), X509_get_subject_name(signer.certificate)) == 1 &&
      add_extensions(made.get(), signer.certificate, cross_extensions) &&
      X509_sign(made.get(), signer.key, digest_for(signer.key)) > 0;
  if (!ok) return fail_with(openssl_failure("sign the new authority with the old one"));
  return made;
}

std::string text_of(const X509_NAME* name) {
  char* line = X509_NAME_oneline(name, nullptr, 0);
  std::string text(line != nullptr ? line : "");
  OPENSSL_free(line);
  return text;
}

Facts facts_of(X509* certificate) {
  return {.common_name = common_name_of(certificate),
          .subject = text_of(X509_get_subject_name(certificate)),
          .serial = serial_text(X509_get0_serialNumber(certificate)),
          .kind = kind_of(certificate),
          .validity = {wall_time(X509_get0_notBefore(certificate)),
                       wall_time(X509_get0_notAfter(certificate))}};
}

bool signed_by(X509* certificate, X509* authority) {
  const bool ok =
      X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(authority)) == 0 &&
      X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
  ERR_clear_error();
  return ok;
}

bool belongs_to(EVP_PKEY* key, X509* certificate) {
  const bool ok = X509_check_private_key(certificate, key) == 1;
  ERR_clear_error();
  return ok;
}

std::string render_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return std::string(text_in(bio.get()));
}

std::string render_described(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_print(bio.get(), certificate);
  PEM_write_bio_X509(bio.get(), certificate);
  return std::string(text_in(bio.get()));
}

Result<std::vector<Certificate>> parse_certificates(std::string_view text, std::string_view file) {
  const Bio bio = bio_of(text);
  std::vector<Certificate> found;
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    found.push_back(std::move(next));
  }
  if (found.empty()) {
    Error error = openssl_failure(fmt::format("read a certificate from {}", file));
    error.advice = "the file should hold a certificate in PEM form";
    return fail_with(std::move(error));
  }
  ERR_clear_error();  // the end of the text was reported as one
  return found;
}

Result<Certificate> parse_certificate(std::string_view text, std::string_view file) {
  auto all = parse_certificates(text, file);
  if (!all) return fail_with(all.error());
  return std::move(all->front());
}

// Ed25519 hashes by itself and takes no other digest.
const EVP_MD* digest_for(EVP_PKEY* key) {
  const bool own_digest = EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1;
  return own_digest ? nullptr : EVP_sha256();
}

Asn1Time asn1_time(WallTime at) {
  return Asn1Time(ASN1_TIME_set(nullptr, static_cast<std::time_t>(at.seconds)));
}

WallTime wall_time(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return {};
  return {timegm(&fields)};
}

}  // namespace adit::pki
