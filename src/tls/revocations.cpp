#include "tls/revocations.h"

#include <algorithm>

#include <openssl/err.h>

#include "tls/certificate.h"

namespace adit::tls {

namespace {

using Serial = std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>>;

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
  for (RevocationList& list : lists_in(lists)) {
    const auto ours = [&](const Certificate& authority) {
      return signed_by(list.get(), authority);
    };
    if (!std::ranges::any_of(trusted, ours)) continue;
    std::string issuer = issuer_of(list.get());
    lists_.push_back({std::move(issuer), std::move(list)});
  }
  ERR_clear_error();  // of a signature by somebody else
}

const ChainEntry* Revocations::first_in(const std::vector<ChainEntry>& chain) const {
  for (const ChainEntry& entry : chain) {
    for (const List& one : lists_) {
      if (one.issuer == entry.issuer && names(one.list.get(), entry)) return &entry;
    }
  }
  return nullptr;
}

}  // namespace adit::tls
