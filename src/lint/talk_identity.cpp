#include <algorithm>

#include <fmt/core.h>

#include "lint/certificate_facts.h"
#include "lint/talk_checks.h"

// Who two ends are to each other: certificates, names, passwords.

namespace adit::lint {

namespace {

using options::Config;
using options::Identity;

// One end as the other meets it.
struct Meeting {
  const TalkCheck& talk;
  const Config& judge;    // whose rules count
  const Config& shown;    // whose certificate it is
  const char* who_shows;  // "server"
};

std::optional<CertificateFacts> certificate_of(const Config& config) {
  const auto all = certificates_in(config.identity.cert.text);
  return all.empty() ? std::nullopt : std::optional(all.front());
}

bool knows_fingerprint(const Identity& judge, const CertificateFacts& shown) {
  return std::ranges::find(judge.peer_fingerprints, shown.fingerprint) !=
         judge.peer_fingerprints.end();
}

void check_trust(const Meeting& meeting, const CertificateFacts& shown) {
  const Identity& judge = meeting.judge.identity;
  if (!judge.peer_fingerprints.empty()) {
    if (knows_fingerprint(judge, shown)) return;
    meeting.talk.error("peer-fingerprint",
                       fmt::format("the certificate of the {}, \"{}\", is not among those that the "
                                   "other end names by their fingerprints",
                                   meeting.who_shows, shown.common_name),
                       "add " + shown.fingerprint);
    return;
  }
  if (judge.ca.text.empty() || !judge.ca_path.empty()) return;
  const std::string chain =
      meeting.shown.identity.cert.text + "\n" + meeting.shown.identity.extra_certs.text;
  if (is_signed_by(chain, judge.ca.text)) return;
  meeting.talk.error(
      "ca",
      fmt::format("the certificate of the {}, \"{}\", was not issued by the authority "
                  "that the other end has in \"ca\"",
                  meeting.who_shows, shown.common_name),
      "give both ends certificates of one authority");
}

void check_usage(const Meeting& meeting, const CertificateFacts& shown) {
  const auto wanted = meeting.judge.identity.remote_cert_tls;
  if (wanted == Identity::CertUsage::any) return;
  const bool server = wanted == Identity::CertUsage::server;
  if (server ? shown.for_server : shown.for_client) return;
  meeting.talk.error(
      "remote-cert-tls",
      fmt::format("the certificate of the {}, \"{}\", was not issued for a {}", meeting.who_shows,
                  shown.common_name, server ? "server" : "client"),
      "issue it anew, or leave remote-cert-tls out at the other end");
}

void check_met_name(const Meeting& meeting, const CertificateFacts& shown) {
  const Identity& judge = meeting.judge.identity;
  const std::string& wanted = judge.verify_x509_name;
  if (wanted.empty()) return;
  using Match = Identity::NameMatch;
  const std::string& has =
      judge.verify_x509_type == Match::subject ? shown.subject : shown.common_name;
  const bool fits =
      judge.verify_x509_type == Match::name_prefix ? has.starts_with(wanted) : has == wanted;
  if (fits) return;
  meeting.talk.error("verify-x509-name",
                     fmt::format("the {} is called \"{}\", and the other end wants \"{}\"",
                                 meeting.who_shows, has, wanted),
                     fmt::format("write verify-x509-name \"{}\"{}", has,
                                 judge.verify_x509_type == Match::subject ? "" : " name"));
}

void check_meeting(const Meeting& meeting) {
  const auto shown = certificate_of(meeting.shown);
  if (!shown) return;
  check_trust(meeting, *shown);
  check_usage(meeting, *shown);
  check_met_name(meeting, *shown);
}

bool has_certificate(const Config& config) {
  return config.identity.cert.defined() || config.identity.pkcs12.defined() ||
         config.tokens.defined() || config.management.external_key.has_value();
}

void check_versions(const TalkCheck& talk) {
  const Identity &server = talk.server.identity, &client = talk.client.identity;
  const auto below = [](const Identity& one, const Identity& other) {
    return !one.tls_version_max.empty() && one.tls_version_max < other.tls_version_min;
  };
  if (!below(server, client) && !below(client, server)) return;
  talk.error("tls-version-min", "there is no version of TLS that both allow",
             "leave tls-version-min and tls-version-max out");
}

}  // namespace

void check_certificates_of_both(const TalkCheck& talk) {
  check_versions(talk);
  check_meeting({talk, talk.client, talk.server, "server"});
  if (talk.server.identity.verify_client_cert == Identity::ClientCert::none) return;
  check_meeting({talk, talk.server, talk.client, "client"});
  const bool must = talk.server.identity.verify_client_cert == Identity::ClientCert::require;
  if (must && !has_certificate(talk.client)) {
    talk.error("client", "the server wants a certificate, and the client has none",
               "add \"cert\" and \"key\" here, or \"verify-client-cert none\" on the server");
  }
}

void check_accounts_of_both(const TalkCheck& talk) {
  if (talk.server.mode != options::Mode::server) return;
  const options::Scripts& scripts = talk.server.scripts;
  const bool asks =
      (scripts.auth_user_pass_verify.defined() || talk.server.management.client_auth) &&
      !talk.server.server.auth_user_pass_optional;
  const bool answers = talk.client.client.auth_user_pass;
  if (asks && !answers) {
    talk.error("client", "the server asks for a name and a password, and the client gives none",
               "add \"auth-user-pass\" here");
  }
  const bool may_ask = asks || !scripts.plugins.empty() || scripts.auth_user_pass_verify.defined();
  if (answers && !may_ask) {
    talk.note("auth-user-pass", "the server does not look at the name and the password");
  }
}

}  // namespace adit::lint
