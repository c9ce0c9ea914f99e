// What open() puts right.

#include <openssl/x509v3.h>

#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

class AuthorityRepair : public ScratchTest {
 protected:
  AuthorityRepair() { make_authority(); }

  std::vector<std::string> repairs() {
    const auto authority = Authority::open(root());
    EXPECT_TRUE(authority) << authority.error().text();
    return authority ? authority->repairs() : std::vector<std::string>{"not opened"};
  }
};

TEST_F(AuthorityRepair, has_nothing_to_say_about_a_sound_directory) {
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  revoke("bert");
  EXPECT_TRUE(repairs().empty());
}

TEST_F(AuthorityRepair, enters_a_certificate_that_is_not_in_the_index) {
  issue(Kind::client, "anna");
  const std::string index = text_of("index.txt");
  put("index.txt", "");
  ASSERT_EQ(repairs().size(), 1u);
  EXPECT_EQ(text_of("index.txt"), index);
  EXPECT_TRUE(repairs().empty());
}

TEST_F(AuthorityRepair, puts_a_certificate_that_only_has_its_serial_into_issued) {
  issue(Kind::client, "anna");
  const std::string certificate = text_of("issued/anna.crt");
  put("index.txt", "");
  std::filesystem::remove(path("issued/anna.crt"));
  ASSERT_EQ(repairs().size(), 1u);
  EXPECT_EQ(text_of("issued/anna.crt"), certificate);
  export_client("anna");
}

TEST_F(AuthorityRepair, finds_a_certificate_that_lies_in_issued_alone) {
  const Entry anna = issue(Kind::client, "anna");
  const std::string index = text_of("index.txt");
  put("index.txt", "");
  std::filesystem::remove(path("certs_by_serial/" + anna.serial + ".pem"));
  ASSERT_EQ(repairs().size(), 1u);
  EXPECT_EQ(text_of("index.txt"), index);
}

TEST_F(AuthorityRepair, leaves_foreign_certificates_and_rubbish_alone) {
  ASSERT_TRUE(Authority::create(base_ + "/other", {}, rng_, noon));
  {
    auto other = Authority::open(base_ + "/other");
    ASSERT_TRUE(other->issue({.name = named("anna")}, rng_, noon));
  }
  std::filesystem::copy_file(base_ + "/other/issued/anna.crt", path("issued/anna.crt"));
  put("certs_by_serial/AB.pem", "rubbish");
  const auto said = repairs();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].starts_with("left alone: cannot read a certificate from")) << said[0];
  EXPECT_EQ(text_of("index.txt"), "");
}

TEST_F(AuthorityRepair, believes_a_revocation_list_that_ran_ahead_of_the_index) {
  issue(Kind::client, "anna");
  const std::string before = text_of("index.txt");
  revoke("anna", Reason::superseded);
  const std::string after = text_of("index.txt");
  put("index.txt", before);
  ASSERT_EQ(repairs().size(), 1u);
  EXPECT_EQ(text_of("index.txt"), after);
}

TEST_F(AuthorityRepair, does_not_believe_another_authority_s_list) {
  issue(Kind::client, "anna");
  const std::string index = text_of("index.txt");
  revoke("anna");
  const std::string list = text_of("crl.pem");
  const std::string ca = text_of("ca.crt");
  std::filesystem::remove_all(root());
  make_authority();
  put("crl.pem", list);
  put("index.txt", index);
  EXPECT_TRUE(repairs().empty());
  EXPECT_EQ(text_of("index.txt"), index);
}

TEST_F(AuthorityRepair, sweeps_away_half_written_files) {
  for (const char* file : {".adit-new-abc", "private/.adit-new-abc", "issued/.adit-new-abc"}) {
    put(file, "half a secr");
  }
  EXPECT_TRUE(repairs().empty());
  EXPECT_FALSE(exists(".adit-new-abc"));
  EXPECT_FALSE(exists("private/.adit-new-abc"));
  EXPECT_FALSE(exists("issued/.adit-new-abc"));
}

TEST_F(AuthorityRepair, does_without_a_revocation_list) {
  std::filesystem::remove(path("crl.pem"));
  EXPECT_TRUE(repairs().empty());
}

TEST_F(AuthorityRepair, does_not_happen_for_who_only_looks) {
  issue(Kind::client, "anna");
  const std::string index = text_of("index.txt");
  put("index.txt", "");
  for (const char* file : {"ca-bundle.crt", "tls-crypt-v2-server.key", ".adit-lock"}) {
    std::filesystem::remove(path(file));
  }
  auto looked = Authority::look(root());
  ASSERT_TRUE(looked) << looked.error().text();
  EXPECT_EQ(looked->list(noon).size(), 1u);
  const auto issued = looked->issue({.name = named("bert")}, rng_, noon);
  ASSERT_FALSE(issued);
  EXPECT_NE(issued.error().what.find("Read-only"), std::string::npos);
  EXPECT_EQ(text_of("index.txt"), "");
  for (const char* file : {"ca-bundle.crt", ".adit-lock", "private/bert.key"}) {
    EXPECT_FALSE(exists(file)) << file;
  }
  EXPECT_EQ(repairs().size(), 1u);
  EXPECT_EQ(text_of("index.txt"), index);
}

TEST_F(AuthorityRepair, stops_at_an_index_that_cannot_be_read) {
  put("index.txt", "nonsense\n");
  EXPECT_NE(why_not_opened().find("line 1 of " + path("index.txt")), std::string::npos);
}

}  // namespace
}  // namespace adit::pki
