#include "pki/crl.h"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki/reason.h"
#include "pki/serial.h"

namespace adit::pki {

namespace {

using Enumerated = std::unique_ptr<ASN1_ENUMERATED, Freer<ASN1_ENUMERATED_free>>;

// "unspecified" is said by leaving the extension out. (RFC 5280, 5.3.1)
bool set_reason(X509_REVOKED* entry, Reason reason) {
  if (reason == Reason::unspecified) return true;
  const Enumerated number(ASN1_ENUMERATED_new());
  return number && ASN1_ENUMERATED_set(number.get(), static_cast<long>(reason)) == 1 &&
         X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, number.get(), 0, 0) == 1;
}

bool add_row(X509_CRL* crl, const Row& row) {
  RevokedEntry entry(X509_REVOKED_new());
  const bool ok =
      entry && X509_REVOKED_set_serialNumber(entry.get(), asn1_of(row.serial).get()) == 1 &&
      X509_REVOKED_set_revocationDate(entry.get(), asn1_time(row.revocation->at).get()) == 1 &&
      set_reason(entry.get(), reason_in_index(row.revocation->reason)) &&
      X509_CRL_add0_revoked(crl, entry.get()) == 1;
  if (ok) static_cast<void>(entry.release());  // the list owns it now
  return ok;
}

bool add_rows(X509_CRL* crl, const Index& index) {
  for (const Row& row : index.rows()) {
    if (row.mark == Row::Mark::revoked && !add_row(crl, row)) return false;
  }
  return X509_CRL_sort(crl) == 1;
}

// Not every authority has a subject key identifier; issuer and serial are always there.
bool add_authority(X509_CRL* crl, X509* authority) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority, nullptr, nullptr, crl, 0);
  const Extension extension(
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid,issuer:always"));
  return extension && X509_CRL_add_ext(crl, extension.get(), -1) == 1;
}

std::string reason_of(X509_REVOKED* entry) {
  int found = 0;
  const Enumerated number(static_cast<ASN1_ENUMERATED*>(
      X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &found, nullptr)));
  if (!number) return {};
  return name(static_cast<Reason>(ASN1_ENUMERATED_get(number.get())));
}

std::vector<RevocationList> lists_in(std::string_view pem) {
  std::vector<RevocationList> lists;
  const Bio bio = bio_of(pem);
  while (RevocationList next{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) {
    lists.push_back(std::move(next));
  }
  ERR_clear_error();  // the end of the text was reported as one
  return lists;
}

bool is_list_of(X509_CRL* crl, X509* authority) {
  const bool ours =
      X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(authority)) == 0 &&
      X509_CRL_verify(crl, X509_get0_pubkey(authority)) == 1;
  ERR_clear_error();
  return ours;
}

void take_entries(X509_CRL* crl, std::vector<RevokedSerial>& revoked) {
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(crl);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    revoked.push_back({serial_text(X509_REVOKED_get0_serialNumber(entry)),
                       {wall_time(X509_REVOKED_get0_revocationDate(entry)), reason_of(entry)}});
  }
}

}  // namespace

Result<std::string> make_crl(const Index& index, const Validity& validity, const Signer& signer) {
  const RevocationList crl(X509_CRL_new());
  const bool ok =
      crl && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
      X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(signer.certificate)) == 1 &&
      X509_CRL_set1_lastUpdate(crl.get(), asn1_time(validity.from).get()) == 1 &&
      X509_CRL_set1_nextUpdate(crl.get(), asn1_time(validity.until).get()) == 1 &&
      add_rows(crl.get(), index) && add_authority(crl.get(), signer.certificate) &&
      X509_CRL_sign(crl.get(), signer.key, digest_for(signer.key)) > 0;
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!ok || PEM_write_bio_X509_CRL(bio.get(), crl.get()) != 1) {
    return fail_with(openssl_failure("make the revocation list"));
  }
  return std::string(text_in(bio.get()));
}

std::vector<RevokedSerial> read_crl(std::string_view pem, std::span<X509* const> authorities) {
  std::vector<RevokedSerial> revoked;
  for (const RevocationList& crl : lists_in(pem)) {
    const bool ours = std::ranges::any_of(
        authorities, [&](X509* authority) { return is_list_of(crl.get(), authority); });
    if (ours) take_entries(crl.get(), revoked);
  }
  return revoked;
}

std::optional<SignedList> find_crl(std::string_view pem, X509* authority) {
  for (const RevocationList& crl : lists_in(pem)) {
    if (!is_list_of(crl.get(), authority)) continue;
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_CRL(bio.get(), crl.get());
    return SignedList{std::string(text_in(bio.get())),
                      wall_time(X509_CRL_get0_lastUpdate(crl.get())),
                      wall_time(X509_CRL_get0_nextUpdate(crl.get()))};
  }
  return std::nullopt;
}

}  // namespace adit::pki
