#include "tls/dates.h"

#include <ctime>

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
  for (const Certificate& one : certificates_in(pem)) {
    terms.push_back({subject_of(one.get()), wall_time(X509_get0_notBefore(one.get())),
                     wall_time(X509_get0_notAfter(one.get()))});
  }
  return terms;
}

std::vector<Term> list_terms(const std::string& pem) {
  std::vector<Term> terms;
  for (const RevocationList& one : lists_in(pem)) {
    const ASN1_TIME* const until = X509_CRL_get0_nextUpdate(one.get());
    if (until == nullptr) continue;
    terms.push_back(
        {issuer_of(one.get()), wall_time(X509_CRL_get0_lastUpdate(one.get())), wall_time(until)});
  }
  return terms;
}

}  // namespace adit::tls
