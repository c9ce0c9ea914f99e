// Everything that is to be said about one certificate.

#include <array>

#include <openssl/evp.h>

#include "pki/calendar.h"
#include "pki/layout.h"
#include "pki/ledger.h"
#include "pki/weakness.h"

namespace adit::pki {

namespace {

std::string key_text(EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  const auto type = type_of(key);
  if (type == KeyType::ecdsa_p256) return "EC P-256";
  if (type == KeyType::ed25519) return "ED25519";
  return fmt::format("{} {}", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
}

std::string fingerprint_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
  }
  return text;
}

void look_at_key(const Disk& disk, const std::string& file, Details& details) {
  const auto pem = disk.read(file);
  details.has_key = static_cast<bool>(pem);
  details.key_is_protected =
      details.has_key && pem->reveal().find("ENCRYPTED") != std::string::npos;
}

Details details_of(X509* certificate, Entry entry) {
  return {.entry = std::move(entry),
          .subject = text_of(X509_get_subject_name(certificate)),
          .issuer = text_of(X509_get_issuer_name(certificate)),
          .key = key_text(X509_get0_pubkey(certificate)),
          .signature = OBJ_nid2ln(X509_get_signature_nid(certificate)),
          .fingerprint = fingerprint_of(certificate),
          .file = {},
          .weaknesses = weaknesses(certificate)};
}

// The one in issued/, otherwise the newest.
const Row* row_for(const Ledger& ledger, const Name& name) {
  const Row* issued = ledger.index.find(issued_serial(ledger.disk, name));
  if (issued != nullptr) return issued;
  const auto rows = ledger.index.named(name.text());
  return rows.empty() ? nullptr : rows.back();
}

}  // namespace

Result<Details> Authority::show(const Name& asked, WallTime now) const {
  const Ledger& ledger = *ledger_;
  const Name name = file_name(ledger, asked);
  const Row* row = row_for(ledger, name);
  if (row == nullptr) {
    return fail_with({fmt::format("there is no certificate of the name {}", name.text()),
                      "see the names with: adit pki list"});
  }
  const auto found = locate_certificate(ledger.disk, *row);
  if (!found) {
    return fail_with(
        {fmt::format("the file of the certificate {} of {} is gone; the index says that "
                     "it ends on {}",
                     row->serial, name.text(), day_text(row->not_after)),
         "restore the file from a backup"});
  }
  Details details = details_of(found->certificate.get(), entry_of(ledger, *row, now));
  const bool issued = issued_serial(ledger.disk, name) == row->serial;
  details.file = ledger.disk.path_of(issued ? layout::certificate_of(name) : found->file);
  look_at_key(ledger.disk, layout::key_of(name), details);
  for (const Row* other : ledger.index.named(row->common_name())) {
    if (other->serial != row->serial) details.others.push_back(entry_of(ledger, *other, now));
  }
  return details;
}

Details Authority::show_authority(WallTime now) const {
  Details details = details_of(ledger_->ca.get(), list(now).front());
  details.file = ledger_->disk.path_of(layout::ca_certificate);
  look_at_key(ledger_->disk, std::string(layout::ca_key), details);
  return details;
}

}  // namespace adit::pki
