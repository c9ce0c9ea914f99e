#include <openssl/x509v3.h>

#include "pki/key.h"
#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

class AuthorityRenew : public ScratchTest {
 protected:
  AuthorityRenew() { make_authority(); }

  Renewed renew(const RenewRequest& request, WallTime now = noon) {
    auto authority = Authority::open(root());
    EXPECT_TRUE(authority) << authority.error().text();
    auto renewed = authority->renew(request, rng_, now);
    EXPECT_TRUE(renewed) << renewed.error().text();
    return renewed.value_or(Renewed{});
  }
  std::string why_not_renewed(const RenewRequest& request, WallTime now = noon) {
    auto authority = Authority::open(root());
    const auto renewed = authority->renew(request, rng_, now);
    return renewed ? "it was renewed" : renewed.error().text();
  }
  void publish(WallTime now) {
    auto authority = Authority::open(root());
    const Status done = authority->publish_crl(now);
    EXPECT_TRUE(done) << done.error().text();
  }
  std::string verdict(const std::string& certificate, WallTime at) {
    return verify(certificate, text_of("ca.crt"), text_of("crl.pem"), X509_PURPOSE_SSL_CLIENT, at);
  }
};

TEST_F(AuthorityRenew, gives_a_new_certificate_for_the_same_key_and_lets_the_old_one_live_on) {
  const Entry old = issue(Kind::client, "anna");
  const std::string old_text = text_of("issued/anna.crt");
  const std::string key = text_of("private/anna.key");
  const Renewed renewed =
      renew({.name = named("anna"), .overlap = std::chrono::days(10)}, days_later(800));
  EXPECT_EQ(renewed.before.serial, old.serial);
  EXPECT_EQ(renewed.before.overlap_end, days_later(810));
  EXPECT_EQ(renewed.now.not_after, days_later(1625));
  EXPECT_FALSE(renewed.new_key);
  EXPECT_EQ(text_of("private/anna.key"), key);
  EXPECT_EQ(verdict(text_of("issued/anna.crt"), days_later(801)), "CRL has expired");
  publish(days_later(801));
  EXPECT_EQ(verdict(text_of("issued/anna.crt"), days_later(801)), "ok");
  EXPECT_EQ(verdict(old_text, days_later(801)), "ok");
}

TEST_F(AuthorityRenew, ends_the_old_certificate_at_the_first_list_after_the_overlap) {
  issue(Kind::client, "anna");
  const std::string old_text = text_of("issued/anna.crt");
  renew({.name = named("anna"), .overlap = std::chrono::days(10)});
  publish(days_later(9));
  EXPECT_EQ(verdict(old_text, days_later(11)), "ok");
  publish(days_later(11));
  EXPECT_EQ(verdict(old_text, days_later(11)), "certificate revoked");
  EXPECT_EQ(verdict(text_of("issued/anna.crt"), days_later(11)), "ok");
  const auto entries = list(days_later(11));
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].revocation->reason, "superseded");
  EXPECT_EQ(entries[1].revocation->at, days_later(10));
  EXPECT_EQ(text_of("overlap.txt").find("anna"), std::string::npos);
}

TEST_F(AuthorityRenew, another_s_revocation_writes_that_list_too) {
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  const std::string old_text = text_of("issued/anna.crt");
  renew({.name = named("anna"), .overlap = std::chrono::days(1)});
  revoke("bert", Reason::unspecified, days_later(2));
  EXPECT_EQ(verdict(old_text, days_later(2)), "certificate revoked");
}

TEST_F(AuthorityRenew, without_overlap_revokes_the_old_certificate_at_once) {
  issue(Kind::client, "anna");
  const std::string old_text = text_of("issued/anna.crt");
  const Renewed renewed = renew({.name = named("anna"), .overlap = std::chrono::days(0)});
  EXPECT_EQ(renewed.before.state, State::revoked);
  EXPECT_EQ(verdict(old_text, noon), "certificate revoked");
  EXPECT_EQ(verdict(text_of("issued/anna.crt"), noon), "ok");
}

TEST_F(AuthorityRenew, keeps_subject_use_and_alternative_names) {
  issue(Kind::server, "gw.example.com");
  renew({.name = named("gw.example.com")});
  const Certificate server = read_certificate(text_of("issued/gw.example.com.crt"));
  EXPECT_EQ(extension_text(server.get(), NID_ext_key_usage), "TLS Web Server Authentication");
  EXPECT_EQ(extension_text(server.get(), NID_key_usage), "Digital Signature, Key Encipherment");
  EXPECT_EQ(extension_text(server.get(), NID_subject_alt_name), "DNS:gw.example.com");
  EXPECT_EQ(list()[2].name, "gw.example.com");
}

TEST_F(AuthorityRenew, makes_a_new_key_when_asked_and_keeps_the_old_one) {
  const Entry old = issue(Kind::client, "anna");
  const std::string key = text_of("private/anna.key");
  const Renewed renewed = renew({.name = named("anna"), .key_type = KeyType::ed25519});
  EXPECT_TRUE(renewed.new_key);
  EXPECT_EQ(text_of("renewed/private_by_serial/" + old.serial + ".key"), key);
  EXPECT_FALSE(exists("renewed/private_by_serial/" + renewed.now.serial + ".key"));
  const auto now = parse_key(SecretText(text_of("private/anna.key")), "anna", {});
  ASSERT_TRUE(now);
  EXPECT_EQ(type_of(now->get()), KeyType::ed25519);
  export_client("anna", days_later(1));
}

TEST_F(AuthorityRenew, needs_no_private_key_for_one_that_was_made_elsewhere) {
  issue(Kind::client, "anna");
  std::filesystem::remove(path("private/anna.key"));
  renew({.name = named("anna")});
  EXPECT_EQ(verdict(text_of("issued/anna.crt"), noon), "ok");
}

TEST_F(AuthorityRenew, protects_a_new_key_with_a_passphrase) {
  issue(Kind::client, "anna");
  renew({.name = named("anna"), .passphrase = SecretText("open sesame")});
  const SecretText pem(text_of("private/anna.key"));
  EXPECT_TRUE(pem.reveal().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  EXPECT_FALSE(parse_key(pem, "anna", {}));
  EXPECT_TRUE(parse_key(
      pem, "anna", [](const std::string&) { return std::optional(SecretText("open sesame")); }));
  EXPECT_EQ(export_client("anna", days_later(1)).key.reveal(), pem.reveal());
}

TEST_F(AuthorityRenew, works_for_an_expired_certificate) {
  issue(Kind::client, "anna", days_later(-900));
  const Renewed renewed = renew({.name = named("anna")});
  EXPECT_EQ(renewed.before.state, State::expired);
  EXPECT_FALSE(renewed.before.overlap_end);
  EXPECT_EQ(verdict(text_of("issued/anna.crt"), noon), "ok");
}

TEST_F(AuthorityRenew, and_revocation_ends_the_old_certificate_too) {
  issue(Kind::client, "anna");
  const std::string first = text_of("issued/anna.crt");
  renew({.name = named("anna")});
  const std::string second = text_of("issued/anna.crt");
  renew({.name = named("anna")});
  const std::string third = text_of("issued/anna.crt");
  revoke("anna", Reason::key_compromise);
  for (const std::string& each : {first, second, third}) {
    EXPECT_EQ(verdict(each, noon), "certificate revoked");
  }
  issue(Kind::client, "anna");
  EXPECT_EQ(verdict(text_of("issued/anna.crt"), noon), "ok");
}

TEST_F(AuthorityRenew, refuses_what_is_not_there_revoked_or_impossible) {
  issue(Kind::client, "anna");
  EXPECT_NE(why_not_renewed({.name = named("nobody")}).find("it has no certificate"),
            std::string::npos);
  EXPECT_NE(why_not_renewed({.name = named("anna"), .overlap = std::chrono::days(-1)})
                .find("an overlap of -1 days"),
            std::string::npos);
  EXPECT_NE(
      why_not_renewed({.name = named("anna"), .lifetime = std::chrono::days(0)}).find("lifetime"),
      std::string::npos);
  EXPECT_NE(why_not_renewed({.name = named("anna"), .passphrase = SecretText("abc")})
                .find("a passphrase of this length"),
            std::string::npos);
  EXPECT_NE(why_not_renewed({.name = named("anna")}, days_later(4000)).find("rotate-ca"),
            std::string::npos);
  const std::string index = text_of("index.txt");
  std::filesystem::remove(path("private/ca.key"));
  EXPECT_NE(why_not_renewed({.name = named("anna")}).find("cannot sign"), std::string::npos);
  EXPECT_EQ(text_of("index.txt"), index);
}

TEST_F(AuthorityRenew, shows_the_file_of_the_certificate_and_no_other_of_its_name) {
  const Entry old = issue(Kind::client, "anna");
  revoke("anna");
  ASSERT_TRUE(Authority::create(base_ + "/other", {.common_name = "Other"}, rng_, noon));
  ASSERT_TRUE(Authority::open(base_ + "/other")->issue({.name = named("anna")}, rng_, noon));
  std::filesystem::copy_file(base_ + "/other/issued/anna.crt", path("issued/anna.crt"));
  const auto details = Authority::open(root())->show(named("anna"), noon);
  ASSERT_TRUE(details);
  EXPECT_EQ(details->file, path("revoked/certs_by_serial/" + old.serial + ".crt"));
  std::filesystem::remove(details->file);
  const auto gone = Authority::open(root())->show(named("anna"), noon);
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().what.find("the index says that it ends on 2029-02-24"), std::string::npos)
      << gone.error().what;
}

TEST_F(AuthorityRenew, shows_both_certificates) {
  const Entry old = issue(Kind::client, "anna");
  renew({.name = named("anna"), .overlap = std::chrono::days(10)});
  const auto authority = Authority::open(root());
  const auto details = authority->show(named("anna"), noon);
  ASSERT_TRUE(details);
  EXPECT_EQ(details->key, "EC P-256");
  EXPECT_TRUE(details->has_key && !details->key_is_protected);
  ASSERT_EQ(details->others.size(), 1u);
  EXPECT_EQ(details->others[0].serial, old.serial);
  const std::string text = render_details(*details, noon);
  EXPECT_NE(text.find("valid, 825 days left (renewed, ends 2026-12-02)"), std::string::npos)
      << text;
}

TEST_F(AuthorityRenew, states_no_use_where_the_old_certificate_states_none) {
  sign_again(issue(Kind::server, "gw"), {{NID_ext_key_usage, nullptr}, {NID_key_usage, nullptr}});
  EXPECT_EQ(renew({.name = named("gw")}).now.kind, Kind::other);
  const Certificate made = read_certificate(text_of("issued/gw.crt"));
  EXPECT_EQ(extension_text(made.get(), NID_ext_key_usage), "");
  EXPECT_EQ(extension_text(made.get(), NID_key_usage), "");
  EXPECT_EQ(extension_text(made.get(), NID_basic_constraints), "CA:FALSE");
  EXPECT_EQ(extension_text(made.get(), NID_subject_alt_name), "DNS:gw");
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
    EXPECT_EQ(
        verify(text_of("issued/gw.crt"), text_of("ca.crt"), text_of("crl.pem"), purpose, noon),
        "ok");
  }
}

TEST_F(AuthorityRenew, keeps_a_use_that_is_neither_a_servers_nor_a_clients) {
  sign_again(issue(Kind::server, "gw"), {{NID_ext_key_usage, "critical,codeSigning"},
                                         {NID_key_usage, "keyAgreement"},
                                         {NID_netscape_cert_type, "objsign"}});
  EXPECT_EQ(renew({.name = named("gw")}).now.kind, Kind::other);
  const Certificate made = read_certificate(text_of("issued/gw.crt"));
  EXPECT_EQ(extension_text(made.get(), NID_ext_key_usage), "Code Signing");
  EXPECT_TRUE(is_critical(made.get(), NID_ext_key_usage));
  EXPECT_EQ(extension_text(made.get(), NID_key_usage), "Key Agreement");
  EXPECT_EQ(extension_text(made.get(), NID_netscape_cert_type), "Object Signing");
}

}  // namespace
}  // namespace adit::pki
