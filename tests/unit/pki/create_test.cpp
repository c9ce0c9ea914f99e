#include <sys/stat.h>

#include <openssl/x509v3.h>

#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

class AuthorityCreate : public ScratchTest {};
class AuthorityCreatedWith : public ScratchTest, public testing::WithParamInterface<KeyType> {};

INSTANTIATE_TEST_SUITE_P(every_key_type, AuthorityCreatedWith,
                         testing::Values(KeyType::ecdsa_p256, KeyType::rsa_2048, KeyType::rsa_3072,
                                         KeyType::rsa_4096, KeyType::ed25519),
                         [](const auto& type) { return std::string(name(type.param)); });

TEST_P(AuthorityCreatedWith, this_key_type_makes_an_authority_whose_clients_verify) {
  make_authority(GetParam());
  const Entry anna = issue(Kind::client, "anna", noon, KeyType::ecdsa_p256);
  EXPECT_EQ(verify(text_of("issued/anna.crt"), text_of("ca.crt"), text_of("crl.pem"),
                   X509_PURPOSE_SSL_CLIENT, noon),
            "ok");
  revoke("anna");
  EXPECT_EQ(verify(text_of("revoked/certs_by_serial/" + anna.serial + ".crt"), text_of("ca.crt"),
                   text_of("crl.pem"), X509_PURPOSE_SSL_CLIENT, noon),
            "certificate revoked");
}

TEST_F(AuthorityCreate, gives_the_authority_the_extensions_of_its_profile) {
  make_authority();
  const Certificate ca = read_certificate(text_of("ca.crt"));
  EXPECT_EQ(extension_text(ca.get(), NID_basic_constraints), "CA:TRUE");
  EXPECT_TRUE(is_critical(ca.get(), NID_basic_constraints));
  EXPECT_EQ(extension_text(ca.get(), NID_key_usage), "Certificate Sign, CRL Sign");
  const std::string key_id = extension_text(ca.get(), NID_subject_key_identifier);
  EXPECT_EQ(key_id.size(), 20u * 3 - 1);
  const std::string authority = extension_text(ca.get(), NID_authority_key_identifier);
  EXPECT_NE(authority.find("keyid:" + key_id), std::string::npos) << authority;
  EXPECT_NE(authority.find("DirName:/CN=adit CA"), std::string::npos) << authority;
  EXPECT_EQ(X509_get_signature_nid(ca.get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(verify(text_of("ca.crt"), text_of("ca.crt"), "", X509_PURPOSE_ANY, days_later(3649)),
            "ok");
}

TEST_F(AuthorityCreate, takes_name_and_lifetime_as_asked) {
  ASSERT_TRUE(Authority::create(
      root(), {.common_name = "Example VPN", .lifetime = std::chrono::days(10)}, rng_, noon));
  const auto entries = list();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].name, "Example VPN");
  EXPECT_EQ(entries[0].kind, Kind::ca);
  EXPECT_EQ(entries[0].not_before, noon);
  EXPECT_EQ(entries[0].not_after, days_later(10));
}

TEST_F(AuthorityCreate, makes_the_tree_that_easy_rsa_expects) {
  make_authority();
  for (const char* file :
       {"ca.crt", "private/ca.key", "index.txt", "index.txt.attr", "serial", "crl.pem",
        "openssl-easyrsa.cnf", "tls-crypt-v2-server.key", "issued", "certs_by_serial", "reqs",
        "revoked/certs_by_serial", "revoked/private_by_serial", "revoked/reqs_by_serial"}) {
    EXPECT_TRUE(exists(file)) << file;
  }
  EXPECT_EQ(text_of("index.txt"), "");
  EXPECT_EQ(text_of("index.txt.attr"), "unique_subject = no\n");
  EXPECT_EQ(text_of("serial"), "01\n");
}

TEST_F(AuthorityCreate, keeps_secrets_to_the_owner_and_shows_the_rest) {
  const auto before = umask(0);
  make_authority();
  issue(Kind::client, "anna");
  export_client("anna");
  umask(before);
  for (const char* folder : {"", "private", "issued", "reqs", "certs_by_serial", "tls-crypt-v2"}) {
    EXPECT_EQ(mode_of(folder), 0700u) << folder;
  }
  for (const char* file : {"private/ca.key", "private/anna.key", "tls-crypt-v2-server.key",
                           "tls-crypt-v2/anna.key", "index.txt", "serial", ".adit-lock"}) {
    EXPECT_EQ(mode_of(file), 0600u) << file;
  }
  for (const char* file : {"ca.crt", "issued/anna.crt", "crl.pem"}) {
    EXPECT_EQ(mode_of(file), 0644u) << file;
  }
}

TEST_F(AuthorityCreate, a_strict_umask_does_not_hide_the_revocation_list) {
  const auto before = umask(077);
  make_authority();
  umask(before);
  EXPECT_EQ(mode_of("crl.pem"), 0644u);
}

TEST_F(AuthorityCreate, refuses_a_directory_that_holds_an_authority) {
  make_authority();
  const std::string key = text_of("private/ca.key");
  EXPECT_NE(why_not_created().find("ca.crt exists already"), std::string::npos);
  EXPECT_EQ(text_of("private/ca.key"), key);
}

TEST_F(AuthorityCreate, refuses_the_public_half_of_another_authority) {
  make_authority();
  std::filesystem::remove(path("index.txt"));
  std::filesystem::remove(path("private/ca.key"));
  EXPECT_NE(why_not_created().find("another authority"), std::string::npos);
}

TEST_F(AuthorityCreate, refuses_a_key_of_another_type_and_an_authority_of_another_name) {
  make_authority();
  std::filesystem::remove(path("index.txt"));
  EXPECT_NE(why_not_created({.key_type = KeyType::ed25519}).find("of another type"),
            std::string::npos);
  EXPECT_NE(why_not_created({.common_name = "Other"}).find("another authority"), std::string::npos);
}

TEST_F(AuthorityCreate, refuses_an_index_that_lists_something) {
  std::filesystem::create_directories(root());
  put("index.txt", "V\t290224100127Z\t\tAA\tunknown\t/CN=a\n");
  EXPECT_NE(why_not_created().find("lists another authority's"), std::string::npos);
}

TEST_F(AuthorityCreate, starts_in_a_directory_that_easy_rsa_only_prepared) {
  std::filesystem::create_directories(path("private"));
  std::filesystem::create_directories(path("reqs"));
  put("openssl-easyrsa.cnf", "theirs");
  make_authority();
  EXPECT_EQ(text_of("openssl-easyrsa.cnf"), "theirs");
  EXPECT_EQ(list().size(), 1u);
}

TEST_F(AuthorityCreate, refuses_impossible_names_and_lifetimes) {
  EXPECT_NE(why_not_created({.common_name = ""}).find("1 to 64"), std::string::npos);
  EXPECT_NE(why_not_created({.common_name = std::string(65, 'x')}).find("1 to 64"),
            std::string::npos);
  EXPECT_NE(why_not_created({.common_name = "a\nb"}).find("1 to 64"), std::string::npos);
  for (const int days : {0, -1, 40000}) {
    EXPECT_NE(why_not_created({.lifetime = std::chrono::days(days)}).find("lifetime"),
              std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(root()));
}

TEST_F(AuthorityCreate, says_which_directory_cannot_be_made) {
  std::filesystem::create_directories(root());
  put("../file", "");
  const auto made = Authority::create(base_ + "/file/pki", {}, rng_, noon);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().what.find(base_ + "/file"), std::string::npos);
}

TEST_F(AuthorityCreate, makes_missing_parents_and_bears_a_slash_at_the_end) {
  ASSERT_TRUE(Authority::create(base_ + "/a/b/pki/", {}, rng_, noon));
  EXPECT_TRUE(std::filesystem::exists(base_ + "/a/b/pki/ca.crt"));
  std::filesystem::rename(base_ + "/a/b/pki", root());
  EXPECT_EQ(mode_of(""), 0700u);
}

TEST_F(AuthorityCreate, first_revocation_list_is_empty_and_lasts_180_days) {
  make_authority();
  issue(Kind::client, "anna");
  const auto at = [&](int days) {
    return verify(text_of("issued/anna.crt"), text_of("ca.crt"), text_of("crl.pem"),
                  X509_PURPOSE_SSL_CLIENT, days_later(days));
  };
  EXPECT_EQ(at(179), "ok");
  EXPECT_EQ(at(181), "CRL has expired");
}

TEST_F(AuthorityCreate, an_incomplete_directory_is_not_opened) {
  EXPECT_NE(why_not_opened().find("adit pki init"), std::string::npos);
  make_authority();
  std::filesystem::remove(path("index.txt"));
  EXPECT_NE(why_not_opened().find("index.txt is missing"), std::string::npos);
}

}  // namespace
}  // namespace adit::pki
