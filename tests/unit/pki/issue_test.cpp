#include <algorithm>

#include <fmt/core.h>
#include <openssl/x509v3.h>

#include "pki/key.h"
#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

class AuthorityIssue : public ScratchTest {
 protected:
  AuthorityIssue() { make_authority(); }

  std::string verdict(const std::string& name, int purpose, WallTime at = noon) {
    return verify(text_of("issued/" + name + ".crt"), text_of("ca.crt"), text_of("crl.pem"),
                  purpose, at);
  }
};

TEST_F(AuthorityIssue, a_server_serves_and_does_nothing_else) {
  issue(Kind::server, "gw.example.com");
  EXPECT_EQ(verdict("gw.example.com", X509_PURPOSE_SSL_SERVER), "ok");
  EXPECT_NE(verdict("gw.example.com", X509_PURPOSE_SSL_CLIENT), "ok");
}

TEST_F(AuthorityIssue, a_client_connects_and_does_nothing_else) {
  issue(Kind::client, "anna");
  EXPECT_EQ(verdict("anna", X509_PURPOSE_SSL_CLIENT), "ok");
  EXPECT_NE(verdict("anna", X509_PURPOSE_SSL_SERVER), "ok");
}

TEST_F(AuthorityIssue, gives_a_server_the_extensions_of_its_profile) {
  issue(Kind::server, "gw");
  const Certificate server = read_certificate(text_of("issued/gw.crt"));
  EXPECT_EQ(extension_text(server.get(), NID_basic_constraints), "CA:FALSE");
  EXPECT_EQ(extension_text(server.get(), NID_ext_key_usage), "TLS Web Server Authentication");
  EXPECT_EQ(extension_text(server.get(), NID_key_usage), "Digital Signature, Key Encipherment");
  EXPECT_EQ(extension_text(server.get(), NID_subject_alt_name), "DNS:gw");
  EXPECT_EQ(X509_get_signature_nid(server.get()), NID_ecdsa_with_SHA256);
}

TEST_F(AuthorityIssue, gives_a_client_the_extensions_of_its_profile) {
  issue(Kind::client, "anna");
  const Certificate client = read_certificate(text_of("issued/anna.crt"));
  EXPECT_EQ(extension_text(client.get(), NID_basic_constraints), "CA:FALSE");
  EXPECT_EQ(extension_text(client.get(), NID_ext_key_usage), "TLS Web Client Authentication");
  EXPECT_EQ(extension_text(client.get(), NID_key_usage), "Digital Signature");
  EXPECT_EQ(extension_text(client.get(), NID_subject_alt_name), "");
  EXPECT_EQ(X509_get_ext_count(client.get()), 5);
}

TEST_F(AuthorityIssue, names_the_issuer_by_key_name_and_serial) {
  issue(Kind::client, "anna");
  const Certificate ca = read_certificate(text_of("ca.crt"));
  const Certificate client = read_certificate(text_of("issued/anna.crt"));
  const std::string authority = extension_text(client.get(), NID_authority_key_identifier);
  EXPECT_EQ(extension_text(client.get(), NID_subject_key_identifier).size(), 20u * 3 - 1);
  EXPECT_EQ(authority, extension_text(ca.get(), NID_authority_key_identifier));
  EXPECT_NE(authority.find("serial:"), std::string::npos);
}

TEST_F(AuthorityIssue, a_server_named_by_its_address_is_an_address_in_its_certificate_too) {
  issue(Kind::server, "192.0.2.1");
  const Certificate server = read_certificate(text_of("issued/192.0.2.1.crt"));
  EXPECT_EQ(extension_text(server.get(), NID_subject_alt_name), "IP Address:192.0.2.1");
}

TEST_F(AuthorityIssue, writes_the_index_as_easy_rsa_does) {
  const Entry server = issue(Kind::server, "server");
  EXPECT_EQ(text_of("index.txt"),
            "V\t290224100127Z\t\t" + server.serial + "\tunknown\t/CN=server\n");
  EXPECT_EQ(text_of("certs_by_serial/" + server.serial + ".pem"), text_of("issued/server.crt"));
  EXPECT_TRUE(text_of("issued/server.crt").starts_with("Certificate:\n    Data:\n"));
}

TEST_F(AuthorityIssue, draws_a_serial_of_128_bits_and_leaves_the_next_one_in_the_file) {
  const Entry anna = issue(Kind::client, "anna");
  EXPECT_EQ(anna.serial.size(), 32u);
  const std::string next = text_of("serial");
  ASSERT_EQ(next.size(), 33u);
  EXPECT_EQ(next.substr(0, 30), anna.serial.substr(0, 30));
  EXPECT_EQ(std::stoi(next.substr(30), nullptr, 16),
            std::stoi(anna.serial.substr(30), nullptr, 16) + 1);
}

// Draws what it is told, then counts up.
class CountingRng final : public Rng {
 public:
  void fill(MutableBytes out) override {
    std::ranges::fill(out, std::uint8_t{0});
    if (!out.empty()) out.back() = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

TEST_F(AuthorityIssue, never_draws_zero_nor_a_serial_twice) {
  std::vector<std::string> serials;
  for (const char* name : {"a", "b"}) {
    CountingRng rng;
    auto authority = Authority::open(root());
    ASSERT_TRUE(authority);
    serials.push_back(authority->issue({.name = named(name)}, rng, noon).value().serial);
  }
  EXPECT_EQ(serials, (std::vector<std::string>{"01", "02"}));
  EXPECT_EQ(text_of("serial"), "03\n");
}

TEST_F(AuthorityIssue, lasts_825_days_from_now_unless_asked_otherwise) {
  EXPECT_EQ(issue(Kind::client, "anna", days_later(1)).not_after, days_later(826));
  EXPECT_EQ(verdict("anna", X509_PURPOSE_SSL_CLIENT, noon), "certificate is not yet valid");
  auto authority = Authority::open(root());
  const auto brief =
      authority->issue({.name = named("brief"), .lifetime = std::chrono::days(1)}, rng_, noon);
  ASSERT_TRUE(brief);
  EXPECT_EQ(brief->not_after, days_later(1));
}

TEST_F(AuthorityIssue, never_outlives_the_authority) {
  EXPECT_EQ(issue(Kind::client, "late", days_later(3600)).not_after, days_later(3650));
}

TEST_F(AuthorityIssue, follows_the_key_type_of_the_authority_unless_asked_otherwise) {
  issue(Kind::client, "anna");
  issue(Kind::client, "ed", noon, KeyType::ed25519);
  issue(Kind::client, "rsa", noon, KeyType::rsa_3072);
  const auto type_of_key_in = [&](const char* file) {
    const Certificate read = read_certificate(text_of(file));
    return type_of(X509_get0_pubkey(read.get()));
  };
  EXPECT_EQ(type_of_key_in("issued/anna.crt"), KeyType::ecdsa_p256);
  EXPECT_EQ(type_of_key_in("issued/ed.crt"), KeyType::ed25519);
  EXPECT_EQ(type_of_key_in("issued/rsa.crt"), KeyType::rsa_3072);
  EXPECT_EQ(verdict("ed", X509_PURPOSE_SSL_CLIENT), "ok");
  EXPECT_EQ(verdict("rsa", X509_PURPOSE_SSL_CLIENT), "ok");
}

TEST_F(AuthorityIssue, refuses_a_name_that_only_an_old_certificate_may_have) {
  EXPECT_NE(why_not_issued({.name = named("DEFAULT")}).find("cannot name a certificate"),
            std::string::npos);
}

TEST_F(AuthorityIssue, refuses_a_name_in_use_and_says_what_to_do) {
  issue(Kind::client, "anna");
  const std::string before = text_of("index.txt");
  const std::string why = why_not_issued({.kind = Kind::server, .name = named("anna")});
  EXPECT_NE(why.find("anna has a certificate that is valid until 2029-02-24"), std::string::npos);
  EXPECT_NE(why.find("adit pki export anna"), std::string::npos);
  EXPECT_EQ(text_of("index.txt"), before);
}

TEST_F(AuthorityIssue, refuses_a_file_whose_certificate_bears_another_name_but_is_valid) {
  issue(Kind::client, "anna");
  std::filesystem::rename(path("issued/anna.crt"), path("issued/laptop.crt"));
  EXPECT_NE(why_not_issued({.name = named("laptop")}).find("valid until"), std::string::npos);
}

TEST_F(AuthorityIssue, gives_the_name_of_an_expired_certificate_to_a_new_one) {
  const Entry old = issue(Kind::client, "anna");
  const Entry renewed = issue(Kind::client, "anna", days_later(826));
  EXPECT_NE(old.serial, renewed.serial);
  EXPECT_TRUE(exists("expired/certs_by_serial/" + old.serial + ".crt"));
  EXPECT_TRUE(exists("expired/private_by_serial/" + old.serial + ".key"));
  const auto entries = list(days_later(826));
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].state, State::expired);
  EXPECT_EQ(entries[1].kind, Kind::client);
  EXPECT_EQ(entries[2].state, State::valid);
}

TEST_F(AuthorityIssue, refuses_once_the_authority_itself_has_expired) {
  const std::string why = why_not_issued({.name = named("anna")}, days_later(3651));
  EXPECT_NE(why.find("the authority's own certificate expired on 2036-11-19"), std::string::npos);
}

TEST_F(AuthorityIssue, refuses_impossible_lifetimes_and_kinds) {
  EXPECT_NE(why_not_issued({.name = named("a"), .lifetime = std::chrono::days(0)}).find("lifetime"),
            std::string::npos);
  EXPECT_NE(why_not_issued({.kind = Kind::ca, .name = named("a")}).find("only server and client"),
            std::string::npos);
}

TEST_F(AuthorityIssue, leaves_a_waiting_request_to_those_who_made_it) {
  put("reqs/anna.req", "a request");
  EXPECT_NE(why_not_issued({.name = named("anna")}).find("a request waits"), std::string::npos);
}

TEST_F(AuthorityIssue, takes_up_a_lone_key_and_refuses_one_of_another_type) {
  issue(Kind::client, "anna");
  const std::string key = text_of("private/anna.key");
  put("private/bert.key", key);
  issue(Kind::client, "bert");
  EXPECT_EQ(text_of("private/bert.key"), key);
  put("private/carl.key", key);
  const std::string why = why_not_issued({.name = named("carl"), .key_type = KeyType::ed25519});
  EXPECT_NE(why.find("is not of the type asked for (ed25519)"), std::string::npos) << why;
  EXPECT_EQ(text_of("private/carl.key"), key);
}

TEST_F(AuthorityIssue, refuses_a_name_whose_file_is_a_foreign_certificate) {
  issue(Kind::client, "anna");
  put("issued/anna.crt", "no certificate");
  std::filesystem::rename(path("issued/anna.crt"), path("issued/bert.crt"));
  EXPECT_NE(why_not_issued({.name = named("bert")}).find("is not a certificate of this"),
            std::string::npos);
}

TEST_F(AuthorityIssue, refuses_a_key_that_is_not_the_authority_s) {
  issue(Kind::client, "anna");
  put("private/ca.key", text_of("private/anna.key"));
  EXPECT_NE(why_not_issued({.name = named("bert")}).find("is not the key of"), std::string::npos);
  EXPECT_FALSE(exists("private/bert.key"));
}

TEST_F(AuthorityIssue, writes_long_lives_with_four_digit_years) {
  std::filesystem::remove_all(root());
  ASSERT_TRUE(Authority::create(root(), {.lifetime = std::chrono::days(20000)}, rng_, noon));
  auto authority = Authority::open(root());
  ASSERT_TRUE(
      authority->issue({.name = named("long"), .lifetime = std::chrono::days(10000)}, rng_, noon));
  EXPECT_TRUE(text_of("index.txt").starts_with("V\t20540409100127Z\t\t")) << text_of("index.txt");
}

}  // namespace
}  // namespace adit::pki
