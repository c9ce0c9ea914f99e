#include "tls/bundle.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pkcs12.h>

#include "tests/unit/tls/made_bundle.h"
#include "tls/certificate.h"

namespace adit::tls {
namespace {

struct Named {
  Certificate certificate{X509_new()};
  PrivateKey key{EVP_EC_gen("P-256")};

  explicit Named(const char* name) {
    X509* const one = certificate.get();
    ASN1_INTEGER_set(X509_get_serialNumber(one), 1);
    X509_gmtime_adj(X509_getm_notBefore(one), 0);
    X509_gmtime_adj(X509_getm_notAfter(one), 86400);
    X509_set_pubkey(one, key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(one, X509_get_subject_name(one));
    X509_sign(one, key.get(), EVP_sha256());
  }
};

std::string bundle_of(const Named& own, const Named* authority, const char* password) {
  return made_bundle(own.certificate.get(), own.key.get(),
                     authority != nullptr ? authority->certificate.get() : nullptr, password, 0);
}

std::string advice(const Result<Bundle>& failed) {
  return failed ? "it opened" : failed.error().text();
}

TEST(Pkcs12, holds_certificate_key_and_authorities) {
  const Named me("me"), authority("the CA");
  const auto bundle = open_bundle("p", bundle_of(me, &authority, "pw"), SecretText("pw"));
  ASSERT_TRUE(bundle) << bundle.error().text();
  ASSERT_EQ(certificates_in(bundle->cert).size(), 1u);
  EXPECT_EQ(subject_of(certificates_in(bundle->cert)[0].get()), "CN=me");
  ASSERT_EQ(certificates_in(bundle->authorities).size(), 1u);
  EXPECT_EQ(subject_of(certificates_in(bundle->authorities)[0].get()), "CN=the CA");
  EXPECT_NE(bundle->key.find("BEGIN PRIVATE KEY"), std::string::npos);
}

TEST(Pkcs12, may_lack_authorities) {
  const auto bundle = open_bundle("p", bundle_of(Named("me"), nullptr, "pw"), SecretText("pw"));
  ASSERT_TRUE(bundle) << bundle.error().text();
  EXPECT_TRUE(bundle->authorities.empty());
}

TEST(Pkcs12, says_whether_it_needs_a_passphrase) {
  const Named me("me");
  EXPECT_TRUE(bundle_is_encrypted(bundle_of(me, nullptr, "pw")));
  EXPECT_FALSE(bundle_is_encrypted(bundle_of(me, nullptr, "")));
  EXPECT_FALSE(bundle_is_encrypted("neither DER nor anything"));
  EXPECT_TRUE(open_bundle("p", bundle_of(me, nullptr, ""), SecretText("")));
}

TEST(Pkcs12, with_a_wrong_passphrase_asks_whether_it_is_right) {
  const auto failed = open_bundle("my.p12", bundle_of(Named("me"), nullptr, "pw"), SecretText("x"));
  EXPECT_NE(advice(failed).find("my.p12"), std::string::npos);
  EXPECT_NE(advice(failed).find("is the passphrase right?"), std::string::npos);
}

TEST(Pkcs12, that_is_something_else_is_named) {
  const auto failed = open_bundle("my.p12", "-----BEGIN CERTIFICATE-----", SecretText("x"));
  EXPECT_NE(advice(failed).find("my.p12 is no PKCS#12 file"), std::string::npos);
}

TEST(Pkcs12, that_is_cut_short_does_not_open) {
  const std::string whole = bundle_of(Named("me"), nullptr, "pw");
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_FALSE(open_bundle("p", whole.substr(0, size), SecretText("pw")));
  }
}

}  // namespace
}  // namespace adit::tls
