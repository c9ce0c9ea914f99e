#include "tls/certificate.h"

#include <algorithm>
#include <array>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"

namespace adit::tls {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

namespace {

std::string with_colons(Bytes bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    if (!text.empty()) text += ':';
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string digest_of_certificate(X509* certificate, const EVP_MD* md) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (X509_digest(certificate, md, digest.data(), &size) != 1) return {};
  return with_colons(Bytes(digest).first(size));
}

std::string name_text(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(
      bio.get(), name, 0,
      XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_ESC_CTRL);
  return text_of(bio.get());
}

// UTF-8 text of one subject entry; nothing when it holds a NUL (CVE-2017-7521).
std::optional<std::string> entry_text(X509_NAME_ENTRY* entry) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) return std::nullopt;
  std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  if (text.find('\0') != std::string::npos) return std::nullopt;
  return text;
}

std::vector<std::pair<std::string, std::string>> fields_of(X509* certificate) {
  std::vector<std::pair<std::string, std::string>> fields;
  X509_NAME* name = X509_get_subject_name(certificate);
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const char* label = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)));
    auto text = entry_text(entry);
    if (label != nullptr && text) fields.emplace_back(label, std::move(*text));
  }
  return fields;
}

// The last of several equal fields counts, as in stock.
std::optional<std::string> subject_field(X509* certificate, const std::string& field) {
  std::optional<std::string> found;
  const int wanted = OBJ_txt2nid(field.c_str());
  X509_NAME* name = X509_get_subject_name(certificate);
  int at = -1;
  while (wanted != NID_undef && (at = X509_NAME_get_index_by_NID(name, wanted, at)) >= 0) {
    found = entry_text(X509_NAME_get_entry(name, at));
  }
  return found;
}

std::optional<std::string> alternative_email(X509* certificate) {
  std::optional<std::string> found;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names) && !found; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_EMAIL) continue;
    const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5));
    std::string text(data, static_cast<std::size_t>(ASN1_STRING_length(name->d.ia5)));
    if (text.find('\0') == std::string::npos) found = std::move(text);
  }
  GENERAL_NAMES_free(names);
  return found;
}

std::string serial_decimal(X509* certificate) {
  const BigNumber number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* text = BN_bn2dec(number.get());
  std::string decimal = text != nullptr ? text : "";
  OPENSSL_free(text);
  return decimal;
}

std::string serial_hex(X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  return with_colons(
      {ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))});
}

// "0x03", "0x73D0FE": the serial number in the place of a name.
std::string serial_name(X509* certificate) {
  std::string digits = serial_hex(certificate);
  std::erase(digits, ':');
  return "0x" + to_upper(digits);
}

template <typename Owner, auto read>
std::vector<Owner> all_in(const std::string& pem) {
  std::vector<Owner> all;
  const Bio bio = bio_of(pem);
  while (auto* next = read(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(next);
  ERR_clear_error();  // the end of the text
  return all;
}

}  // namespace

std::vector<Certificate> certificates_in(const std::string& pem) {
  return all_in<Certificate, PEM_read_bio_X509>(pem);
}

std::vector<RevocationList> lists_in(const std::string& pem) {
  return all_in<RevocationList, PEM_read_bio_X509_CRL>(pem);
}

std::string subject_of(X509* certificate) { return name_text(X509_get_subject_name(certificate)); }
std::string issuer_of(X509* certificate) { return name_text(X509_get_issuer_name(certificate)); }
std::string issuer_of(X509_CRL* list) { return name_text(X509_CRL_get_issuer(list)); }

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  return PEM_write_bio_X509(bio.get(), certificate) == 1 ? text_of(bio.get()) : std::string();
}

ChainEntry describe(X509* certificate, int depth) {
  ChainEntry entry;
  entry.depth = depth;
  entry.subject = subject_of(certificate);
  entry.issuer = issuer_of(certificate);
  entry.common_name = subject_field(certificate, "CN").value_or("");
  entry.serial = serial_decimal(certificate);
  entry.serial_hex = serial_hex(certificate);
  entry.sha1 = digest_of_certificate(certificate, EVP_sha1());
  entry.sha256 = digest_of_certificate(certificate, EVP_sha256());
  entry.fields = fields_of(certificate);
  return entry;
}

Result<std::string> username_of(X509* certificate, const std::vector<std::string>& fields) {
  std::string username;
  for (const std::string& field : fields) {
    std::optional<std::string> value;
    if (field == "serialNumber") {
      value = serial_name(certificate);
    } else if (field == "ext:subjectAltName") {
      value = alternative_email(certificate);
    } else {
      value = subject_field(certificate, field);
    }
    if (!value || value->empty()) {
      return fail("the certificate \"{}\" has no usable field {}", subject_of(certificate), field);
    }
    if (!username.empty()) username += '_';
    username += *value;
  }
  return username;
}

std::string validity_text(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  BIO_puts(bio.get(), "valid from ");
  ASN1_TIME_print_ex(bio.get(), X509_get0_notBefore(certificate), ASN1_DTFLGS_ISO8601);
  BIO_puts(bio.get(), " to ");
  ASN1_TIME_print_ex(bio.get(), X509_get0_notAfter(certificate), ASN1_DTFLGS_ISO8601);
  return text_of(bio.get());
}

std::string key_text(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return "unknown key";
  const char* type = EVP_PKEY_get0_type_name(key);
  std::string text = std::to_string(EVP_PKEY_get_bits(key)) + " bits ";
  char group[64];
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 && size > 0) {
    const bool curve = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
    return text + (curve ? "EC" : "") + std::string(group, size);
  }
  return text + (type != nullptr ? type : "key");
}

std::string weakness_of(X509* certificate) {
  constexpr int least_bits = 2048;
  std::string found;
  int digest = NID_undef;
  X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr);
  if (digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md5_sha1) {
    found = std::string("signed with ") + OBJ_nid2sn(digest);
  }
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  const bool by_length =
      key != nullptr && (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "DSA") == 1);
  if (by_length && EVP_PKEY_get_bits(key) < least_bits) {
    found += (found.empty() ? "" : ", ") + ("key of " + key_text(certificate));
  }
  return found;
}

std::string extended_usages_of(X509* certificate) {
  auto* usages = static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr));
  constexpr int most = 8;
  std::string all;
  for (int i = 0; usages != nullptr && i < std::min(most, sk_ASN1_OBJECT_num(usages)); ++i) {
    char text[128];
    if (OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(usages, i), 0) <= 0) continue;
    all += (all.empty() ? "" : ", ") + std::string(text);
  }
  EXTENDED_KEY_USAGE_free(usages);
  return all;
}

std::vector<std::string> take_openssl_errors() {
  std::vector<std::string> lines;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    std::array<char, 256> text;
    ERR_error_string_n(code, text.data(), text.size());
    std::string line = std::string("OpenSSL: ") + text.data() + ":";
    if ((flags & ERR_TXT_STRING) != 0 && data != nullptr) line += data;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace adit::tls
