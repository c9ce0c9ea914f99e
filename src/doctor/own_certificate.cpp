#include "doctor/own_certificate.h"

#include "base/text.h"
#include "pki/calendar.h"
#include "pki/certificate.h"

namespace adit::doctor {

namespace {

constexpr const char* certificate_id = "certificate";
constexpr std::int64_t soon_days = 7;
constexpr std::int64_t day_seconds = 86400;

}  // namespace

void test_certificate(Report& report, const std::string& pem, WallTime now) {
  if (pem.empty()) return report.not_tested(certificate_id, certificate_id, "the profile has none");
  const auto certificate = pki::parse_certificate(pem, "the profile");
  if (!certificate)
    return report.not_tested(certificate_id, certificate_id, "it cannot be read as text");
  const pki::Facts own = pki::facts_of(certificate->get());
  const std::string name = printable(own.common_name);
  const std::string from = pki::day_text(own.validity.from),
                    until = pki::day_text(own.validity.until), today = pki::day_text(now);
  if (own.validity.from.seconds > now.seconds) {
    return report.failed(
        certificate_id, certificate_id,
        fmt::format("\"{}\" is not valid before {}; today is {} here", name, from, today),
        "set the clock of this host: timedatectl set-ntp true");
  }
  if (own.validity.until.seconds < now.seconds) {
    return report.failed(certificate_id, certificate_id,
                         fmt::format("\"{}\" expired on {}; today is {} here", name, until, today),
                         "ask for a new profile (on the server: adit client renew " + name +
                             "), or set the clock of this host");
  }
  const std::int64_t left = (own.validity.until.seconds - now.seconds) / day_seconds;
  report.ok(certificate_id, certificate_id,
            fmt::format("\"{}\" is valid until {}, {} days", name, until, left),
            left < soon_days ? "renew it soon: adit client renew " + name : "");
}

}  // namespace adit::doctor
