#include "tls/dates.h"

#include <ctime>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls/certificate.h"

namespace adit::tls {

namespace {

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return {timegm(&parts)};
}

}  // namespace

std::vector<Term> certificate_terms(const std::string& pem) {
  std::vector<Term> terms;
  const Bio bio = bio_of(pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const Certificate certificate(next);
    terms.push_back({subject_of(next), wall_time(X509_get0_notBefore(next)),
                     wall_time(X509_get0_notAfter(next))});
  }
  ERR_clear_error();
  return terms;
}

std::vector<Term> list_terms(const std::string& pem) {
  std::vector<Term> terms;
  const Bio bio = bio_of(pem);
  while (X509_CRL* next = PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)) {
    const RevocationList list(next);
    const ASN1_TIME* const until = X509_CRL_get0_nextUpdate(next);
    if (until == nullptr) continue;
    terms.push_back({issuer_of(next), wall_time(X509_CRL_get0_lastUpdate(next)), wall_time(until)});
  }
  ERR_clear_error();
  return terms;
}

}  // namespace adit::tls
