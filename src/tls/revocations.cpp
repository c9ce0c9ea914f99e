#include "tls/revocations.h"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls/certificate.h"

namespace adit::tls {

namespace {

using Serial = std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>>;

std::vector<Certificate> certificates_in(const std::string& text) {
  std::vector<Certificate> all;
  const Bio bio = bio_of(text);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    all.emplace_back(next);
  }
  ERR_clear_error();
  return all;
}

bool signed_by(X509_CRL* list, const Certificate& authority) {
  return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(authority.get())) == 0 &&
         X509_CRL_verify(list, X509_get0_pubkey(authority.get())) == 1;
}

Serial serial_of(const ChainEntry& entry) {
  BIGNUM* raw = nullptr;
  if (BN_dec2bn(&raw, entry.serial.c_str()) == 0) return nullptr;
  const BigNumber number(raw);
  return Serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
}

bool names(X509_CRL* list, const ChainEntry& entry) {
  const Serial serial = serial_of(entry);
  X509_REVOKED* found = nullptr;
  constexpr int revoked = 1;  // 2: taken off the list again
  return serial && X509_CRL_get0_by_serial(list, &found, serial.get()) == revoked;
}

}  // namespace

void Revocations::take(const std::string& lists, const std::string& authorities) {
  lists_.clear();
  if (lists.empty()) return;
  const auto trusted = certificates_in(authorities);
  const Bio bio = bio_of(lists);
  while (X509_CRL* next = PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)) {
    RevocationList list(next);
    const auto ours = [&](const Certificate& authority) { return signed_by(next, authority); };
    if (std::ranges::any_of(trusted, ours)) lists_.push_back({issuer_of(next), std::move(list)});
  }
  ERR_clear_error();
}

const ChainEntry* Revocations::first_in(const std::vector<ChainEntry>& chain) const {
  for (const ChainEntry& entry : chain) {
    for (const List& one : lists_) {
      if (one.issuer == entry.issuer && names(one.list.get(), entry)) return &entry;
    }
  }
  return nullptr;
}

bool is_list(const std::string& text) {
  const Bio bio = bio_of(text);
  const RevocationList list(PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return list != nullptr;
}

}  // namespace adit::tls
