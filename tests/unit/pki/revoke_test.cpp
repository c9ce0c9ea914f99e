#include <openssl/x509v3.h>

#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

class AuthorityRevoke : public ScratchTest {
 protected:
  AuthorityRevoke() { make_authority(); }

  std::string verdict(const std::string& file) {
    return verify(text_of(file), text_of("ca.crt"), text_of("crl.pem"), X509_PURPOSE_SSL_CLIENT,
                  days_later(1));
  }
};

TEST_F(AuthorityRevoke, takes_effect_through_the_list) {
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  const std::string anna = text_of("issued/anna.crt");
  revoke("anna");
  put("anna.pem", anna);
  EXPECT_EQ(verdict("anna.pem"), "certificate revoked");
  EXPECT_EQ(verdict("issued/bert.crt"), "ok");
}

TEST_F(AuthorityRevoke, writes_time_and_reason_into_the_index) {
  const Entry anna = issue(Kind::client, "anna");
  const Entry bert = issue(Kind::client, "bert");
  revoke("anna", Reason::key_compromise, {noon.seconds + 4});
  revoke("bert", Reason::unspecified, {noon.seconds + 5});
  EXPECT_EQ(text_of("index.txt"), "R\t290224100127Z\t261122100131Z,keyCompromise\t" + anna.serial +
                                      "\tunknown\t/CN=anna\n"
                                      "R\t290224100127Z\t261122100132Z\t" +
                                      bert.serial + "\tunknown\t/CN=bert\n");
}

TEST_F(AuthorityRevoke, reports_what_was_revoked) {
  issue(Kind::client, "anna");
  const Entry entry = revoke("anna", Reason::superseded, days_later(3));
  EXPECT_EQ(entry.name, "anna");
  EXPECT_EQ(entry.kind, Kind::client);
  EXPECT_EQ(entry.state, State::revoked);
  EXPECT_EQ(entry.revocation->at, days_later(3));
  EXPECT_EQ(entry.revocation->reason, "superseded");
}

TEST_F(AuthorityRevoke, sets_the_files_aside_as_easy_rsa_does) {
  const std::string serial = issue(Kind::client, "anna").serial;
  export_client("anna");
  put("reqs/anna.req", "a request");
  put("private/anna.p12", "a bundle");
  revoke("anna");
  for (const char* gone : {"issued/anna.crt", "private/anna.key", "reqs/anna.req",
                           "private/anna.p12", "tls-crypt-v2/anna.key"}) {
    EXPECT_FALSE(exists(gone)) << gone;
  }
  EXPECT_FALSE(exists("certs_by_serial/" + serial + ".pem"));
  EXPECT_TRUE(exists("revoked/certs_by_serial/" + serial + ".crt"));
  EXPECT_TRUE(exists("revoked/private_by_serial/" + serial + ".key"));
  EXPECT_TRUE(exists("revoked/private_by_serial/" + serial + ".p12"));
  EXPECT_TRUE(exists("revoked/reqs_by_serial/" + serial + ".req"));
}

TEST_F(AuthorityRevoke, frees_the_name_for_a_new_certificate) {
  const Entry old = issue(Kind::client, "anna");
  revoke("anna");
  const Entry renewed = issue(Kind::client, "anna");
  EXPECT_NE(old.serial, renewed.serial);
  EXPECT_EQ(verdict("issued/anna.crt"), "ok");
  revoke("anna");
  const auto entries = list();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].state, State::revoked);
  EXPECT_EQ(entries[2].state, State::revoked);
}

TEST_F(AuthorityRevoke, refuses_unknown_names_and_second_times) {
  issue(Kind::client, "anna");
  EXPECT_NE(why_not_revoked("nobody").find("no certificate of the name nobody"), std::string::npos);
  revoke("anna");
  EXPECT_NE(why_not_revoked("anna").find("was revoked already, on 2026-11-22"), std::string::npos);
}

TEST_F(AuthorityRevoke, works_for_an_expired_certificate_and_for_one_whose_files_are_gone) {
  const Entry anna = issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  EXPECT_EQ(revoke("anna", Reason::unspecified, days_later(900)).state, State::revoked);
  std::filesystem::remove(path("issued/bert.crt"));
  std::filesystem::remove(path("private/bert.key"));
  const Entry bert = revoke("bert");
  EXPECT_EQ(bert.kind, Kind::client);
  EXPECT_TRUE(exists("revoked/certs_by_serial/" + bert.serial + ".crt"));
}

TEST_F(AuthorityRevoke, ends_the_certificate_in_force_and_spares_the_name_s_other_files) {
  const Entry old = issue(Kind::client, "anna");
  const Entry renewed = issue(Kind::client, "anna", days_later(826));
  EXPECT_EQ(revoke("anna", Reason::unspecified, days_later(827)).serial, renewed.serial);
  EXPECT_EQ(revoke("anna", Reason::unspecified, days_later(827)).serial, old.serial);
  EXPECT_TRUE(exists("revoked/certs_by_serial/" + renewed.serial + ".crt"));
}

TEST_F(AuthorityRevoke, names_the_reason_in_the_list_except_where_there_is_none) {
  issue(Kind::client, "anna");
  const std::string empty = text_of("crl.pem");
  revoke("anna", Reason::ca_compromise);
  EXPECT_NE(text_of("crl.pem"), empty);
  // Without the index the list alone tells: the repair at the next opening reads it.
  std::string index = text_of("index.txt");
  index.replace(0, index.find(",CACompromise") + 13, "V\t290224100127Z\t");
  put("index.txt", index);
  EXPECT_EQ(list()[1].revocation->reason, "CACompromise");
}

TEST_F(AuthorityRevoke, works_where_the_authority_has_no_key_identifier) {
  put("ca.crt", signed_again(text_of("ca.crt"), text_of("private/ca.key"),
                             {{NID_subject_key_identifier, nullptr},
                              {NID_authority_key_identifier, nullptr}}));
  const auto verdict_here = [&](const std::string& certificate) {
    return verify(certificate, text_of("ca.crt"), text_of("crl.pem"), X509_PURPOSE_SSL_CLIENT,
                  days_later(1), 0);
  };
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  const std::string anna = text_of("issued/anna.crt");
  revoke("anna");
  EXPECT_EQ(verdict_here(anna), "certificate revoked");
  EXPECT_EQ(verdict_here(text_of("issued/bert.crt")), "ok");
}

TEST_F(AuthorityRevoke, can_renew_the_list_alone) {
  issue(Kind::client, "anna");
  const std::string anna = text_of("issued/anna.crt");
  revoke("anna");
  std::filesystem::remove(path("crl.pem"));
  auto authority = Authority::open(root());
  ASSERT_TRUE(authority->publish_crl(days_later(100), std::chrono::days(30)));
  const auto at = [&](int days) {
    return verify(anna, text_of("ca.crt"), text_of("crl.pem"), X509_PURPOSE_SSL_CLIENT,
                  days_later(days));
  };
  EXPECT_EQ(at(129), "certificate revoked");
  EXPECT_EQ(at(131), "CRL has expired");
  EXPECT_FALSE(authority->publish_crl(noon, std::chrono::days(0)));
}

TEST_F(AuthorityRevoke, keeps_the_index_when_the_list_cannot_be_signed) {
  issue(Kind::client, "anna");
  const std::string index = text_of("index.txt");
  std::filesystem::remove(path("private/ca.key"));
  EXPECT_NE(why_not_revoked("anna").find("private/ca.key"), std::string::npos);
  EXPECT_EQ(text_of("index.txt"), index);
  EXPECT_TRUE(exists("issued/anna.crt"));
}

}  // namespace
}  // namespace adit::pki
