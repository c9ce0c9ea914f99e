#include "lint/certificate_facts.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "pki/certificate.h"
#include "tls/certificate.h"

namespace adit::lint {

namespace {

CertificateFacts facts_of(X509* certificate) {
  const pki::Facts known = pki::facts_of(certificate);
  const tls::ChainEntry entry = tls::describe(certificate, 0);
  CertificateFacts facts;
  facts.common_name = known.common_name;
  facts.subject = entry.subject;
  facts.fingerprint = to_upper(entry.sha256);
  facts.from = known.validity.from;
  facts.until = known.validity.until;
  facts.weakness = tls::weakness_of(certificate);
  facts.is_ca = known.kind == pki::Kind::ca;
  const std::uint32_t usage = X509_get_extended_key_usage(certificate);
  facts.says_usage = usage != UINT32_MAX;
  facts.for_server = facts.says_usage && (usage & XKU_SSL_SERVER) != 0;
  facts.for_client = facts.says_usage && (usage & XKU_SSL_CLIENT) != 0;
  return facts;
}

}  // namespace

std::vector<CertificateFacts> certificates_in(std::string_view pem) {
  std::vector<CertificateFacts> all;
  for (const auto& certificate : tls::certificates_in(std::string(pem))) {
    all.push_back(facts_of(certificate.get()));
  }
  ERR_clear_error();
  return all;
}

bool is_signed_by(std::string_view pem, std::string_view authorities) {
  const auto chain = tls::certificates_in(std::string(pem));
  const auto trusted = tls::certificates_in(std::string(authorities));
  constexpr std::size_t deepest = 10;
  bool found = false;
  for (std::size_t i = 0; i < chain.size() && i < deepest && !found; ++i) {
    for (const auto& authority : trusted) {
      found = found || pki::signed_by(chain[i].get(), authority.get());
    }
    if (i + 1 < chain.size() && !pki::signed_by(chain[i].get(), chain[i + 1].get())) break;
  }
  ERR_clear_error();
  return found;
}

std::optional<WallTime> next_update_of(std::string_view crl_pem) {
  std::optional<WallTime> next;
  for (const auto& list : tls::lists_in(std::string(crl_pem))) {
    const ASN1_TIME* due = X509_CRL_get0_nextUpdate(list.get());
    if (due == nullptr) continue;
    const WallTime at = pki::wall_time(due);
    if (!next || at < *next) next = at;
  }
  ERR_clear_error();
  return next;
}

std::optional<unsigned> dh_bits(std::string_view pem) {
  const tls::Bio bio = tls::bio_of(pem);
  const tls::PrivateKey parameters(PEM_read_bio_Parameters(bio.get(), nullptr));
  ERR_clear_error();
  if (!parameters) return std::nullopt;
  const int bits = EVP_PKEY_get_bits(parameters.get());
  return bits > 0 ? std::optional(static_cast<unsigned>(bits)) : std::nullopt;
}

}  // namespace adit::lint
