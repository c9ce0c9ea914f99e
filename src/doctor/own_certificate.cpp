#include "doctor/own_certificate.h"

#include <ctime>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "tls/certificate.h"

namespace adit::doctor {

namespace {

constexpr const char* id = "certificate";
constexpr std::int64_t soon_days = 7;
constexpr std::int64_t day_seconds = 86400;

struct Certificate {
  std::string name;
  std::int64_t not_before = 0, not_after = 0;
};

std::int64_t seconds_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return timegm(&parts);
}

std::string day(std::int64_t seconds) {
  const time_t time = seconds;
  tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::optional<Certificate> read(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (certificate == nullptr) {
    tls::take_openssl_errors();
    return std::nullopt;
  }
  Certificate made{printable(tls::describe(certificate, 0).common_name),
                   seconds_of(X509_get0_notBefore(certificate)),
                   seconds_of(X509_get0_notAfter(certificate))};
  X509_free(certificate);
  return made;
}

}  // namespace

void test_certificate(Report& report, const std::string& pem, WallTime now) {
  if (pem.empty()) return report.not_tested(id, id, "the profile has none");
  const auto own = read(pem);
  if (!own) return report.not_tested(id, id, "it cannot be read as text");
  if (own->not_before > now.seconds) {
    return report.failed(id, id,
                         fmt::format("\"{}\" is not valid before {}; today is {} here", own->name,
                                     day(own->not_before), day(now.seconds)),
                         "set the clock of this host: timedatectl set-ntp true");
  }
  if (own->not_after < now.seconds) {
    return report.failed(id, id,
                         fmt::format("\"{}\" expired on {}; today is {} here", own->name,
                                     day(own->not_after), day(now.seconds)),
                         "ask for a new profile (on the server: adit client renew " + own->name +
                             "), or set the clock of this host");
  }
  const std::int64_t left = (own->not_after - now.seconds) / day_seconds;
  report.ok(id, id,
            fmt::format("\"{}\" is valid until {}, {} days", own->name, day(own->not_after), left),
            left < soon_days ? "renew it soon: adit client renew " + own->name : "");
}

}  // namespace adit::doctor
