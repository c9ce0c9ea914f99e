#include <fmt/core.h>

#include "lint/certificate_facts.h"
#include "lint/checks.h"
#include "node/wrapping.h"
#include "options/checks.h"
#include "pki/calendar.h"

// Dates and uses of the certificates that a configuration names. What keeps it from starting is
// found by trying (try_start.cpp).

namespace adit::lint {

namespace {

using options::Config;
using options::FileOrInline;
using options::Findings;

constexpr std::int64_t day_seconds = 86400;
constexpr std::int64_t warn_days = 30, note_days = 60;

// What stands in a file or block; empty when it is not given or cannot be read.
std::string text_of_file(const FileOrInline& source, ports::StorePort& store) {
  return source.defined() ? node::load_text(source, {}, store).value_or("") : std::string();
}

class CertificateCheck {
 public:
  CertificateCheck(const Config& config, const Surroundings& around, const Findings& found)
      : config_(config), around_(around), found_(found) {}

  void run() {
    const options::Identity& identity = config_.identity;
    const std::string own = text_of_file(identity.cert, around_.store);
    const std::string authorities = text_of_file(identity.ca, around_.store);
    check_each("cert", identity.cert, own, true);
    check_each("ca", identity.ca, authorities, false);
    check_list();
    check_use(own);
    if (!own.empty() && !authorities.empty() && !is_signed_by(own, authorities) &&
        identity.peer_fingerprints.empty()) {
      found_.note(
          "cert",
          "this certificate was not issued by the authority in \"ca\"; the other side needs "
          "to know its issuer");
    }
  }

 private:
  void check_each(const char* option, const FileOrInline& source, const std::string& pem,
                  bool only_first) {
    if (!source.defined() || pem.empty()) return;
    for (const CertificateFacts& facts : certificates_in(pem)) {
      check_dates(option, fmt::format("the certificate \"{}\"", facts.common_name), facts.from,
                  facts.until);
      if (!facts.weakness.empty() && !would_end_start(only_first)) check_weakness(option, facts);
      if (only_first) return;
    }
  }

  // An own certificate that is weak is told by the trial, as an error.
  bool would_end_start(bool own) const {
    return own && config_.identity.cert_profile != options::Identity::CertProfile::insecure;
  }

  void check_weakness(const char* option, const CertificateFacts& facts) {
    found_.warn(option,
                fmt::format("the certificate \"{}\" is {}", facts.common_name, facts.weakness),
                "issue a new one: adit pki, or easy-rsa 3");
  }

  void check_dates(const char* option, const std::string& what, WallTime from, WallTime until) {
    const std::int64_t left = (until.seconds - around_.now.seconds) / day_seconds;
    if (from > around_.now) {
      found_.warn(option,
                  fmt::format("{} is not valid before {}; today is {} here", what,
                              pki::day_text(from), pki::day_text(around_.now)),
                  "set the clock of this host");
    } else if (until < around_.now) {
      found_.warn(option,
                  fmt::format("{} expired on {}: nobody accepts it", what, pki::day_text(until)),
                  "renew it");
    } else if (left < note_days) {
      std::string message =
          fmt::format("{} expires on {}, in {} days", what, pki::day_text(until), left);
      if (left < warn_days) return found_.warn(option, std::move(message), "renew it in time");
      found_.note(option, std::move(message), "renew it in time");
    }
  }

  void check_list() {
    FileOrInline list = config_.identity.crl;  // looked for in the jail
    list.path = options::below_root(config_.process.chroot, list.path);
    const auto due = next_update_of(text_of_file(list, around_.store));
    if (!due) return;
    const std::int64_t left = (due->seconds - around_.now.seconds) / day_seconds;
    if (*due < around_.now) {
      found_.warn(
          "crl-verify",
          fmt::format("the revocation list should have been replaced by {}: everybody is refused",
                      pki::day_text(*due)),
          "make a new one: adit pki crl, or easyrsa gen-crl");
    } else if (left < warn_days) {
      found_.note("crl-verify",
                  fmt::format("the revocation list must be replaced by {}, in {} days",
                              pki::day_text(*due), left));
    }
  }

  void check_use(const std::string& own) {
    const auto all = certificates_in(own);
    if (all.empty()) return;
    const CertificateFacts& facts = all.front();
    const bool server = config_.tls_role == options::TlsRole::server;
    if (facts.says_usage && !(server ? facts.for_server : facts.for_client)) {
      found_.warn("cert",
                  fmt::format("\"{}\" was not issued for a {}: the other side refuses it if it has "
                              "remote-cert-tls",
                              facts.common_name, server ? "server" : "client"),
                  server ? "issue a server's certificate" : "issue a client's certificate");
    } else if (!facts.says_usage && server && config_.mode == options::Mode::server) {
      found_.note(
          "cert",
          fmt::format("\"{}\" does not say that it is a server's: clients with remote-cert-tls "
                      "server refuse it",
                      facts.common_name),
          "issue a server's certificate");
    }
  }

  const Config& config_;
  const Surroundings& around_;
  const Findings& found_;
};

}  // namespace

void check_certificates(const Config& config, const Surroundings& around, const Findings& found) {
  if (config.tls_role == options::TlsRole::none) return;
  CertificateCheck(config, around, found).run();
}

}  // namespace adit::lint
