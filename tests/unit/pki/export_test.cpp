#include "pki/export.h"

#include "crypto/tls_crypt_v2.h"
#include "tests/unit/pki/scratch.h"
#include "tests/unit/pki/verification.h"

namespace adit::pki {
namespace {

class AuthorityExport : public ScratchTest {
 protected:
  AuthorityExport() { make_authority(); }

  crypto::UnwrappedClientKey unwrapped(const SecretText& pem) {
    const auto server = crypto::TlsCryptV2ServerKey::parse(text_of("tls-crypt-v2-server.key"));
    const auto client = crypto::TlsCryptV2ClientKey::parse(pem.reveal());
    EXPECT_TRUE(server && client);
    auto opened = server->unwrap(client->wrapped);
    EXPECT_TRUE(opened);
    EXPECT_EQ(to_hex(opened->key.bytes()), to_hex(client->key.bytes()));
    return std::move(*opened);
  }
};

TEST_F(AuthorityExport, holds_authority_certificate_and_key_as_bare_pem) {
  issue(Kind::client, "anna");
  const Exported exported = export_client("anna");
  EXPECT_EQ(exported.name, "anna");
  EXPECT_EQ(exported.ca, text_of("ca.crt"));
  EXPECT_TRUE(exported.certificate.starts_with("-----BEGIN CERTIFICATE-----\n"));
  EXPECT_TRUE(text_of("issued/anna.crt").ends_with(exported.certificate));
  EXPECT_EQ(exported.key.reveal(), text_of("private/anna.key"));
}

TEST_F(AuthorityExport, makes_a_tls_crypt_v2_key_that_the_server_opens_and_that_tells_its_age) {
  issue(Kind::client, "anna");
  const Exported exported = export_client("anna", days_later(2));
  EXPECT_EQ(exported.tls_crypt_v2.reveal(), text_of("tls-crypt-v2/anna.key"));
  EXPECT_EQ(unwrapped(exported.tls_crypt_v2).metadata, crypto::timestamp_metadata(days_later(2)));
}

TEST_F(AuthorityExport, gives_the_same_key_again_and_every_client_its_own) {
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  const std::string first = export_client("anna").tls_crypt_v2.reveal();
  EXPECT_EQ(export_client("anna", days_later(5)).tls_crypt_v2.reveal(), first);
  EXPECT_NE(export_client("bert").tls_crypt_v2.reveal(), first);
}

TEST_F(AuthorityExport, replaces_a_tls_crypt_v2_key_that_is_older_than_the_certificate) {
  issue(Kind::client, "anna");
  const std::string first = export_client("anna").tls_crypt_v2.reveal();
  revoke("anna");
  put("tls-crypt-v2/anna.key", first);  // as after a revocation by another tool
  issue(Kind::client, "anna", days_later(1));
  EXPECT_NE(export_client("anna", days_later(1)).tls_crypt_v2.reveal(), first);
}

TEST_F(AuthorityExport, makes_a_server_key_where_there_never_was_one) {
  issue(Kind::client, "anna");
  std::filesystem::remove(path("tls-crypt-v2-server.key"));
  std::filesystem::remove(path("tls-crypt-v2"));
  unwrapped(export_client("anna").tls_crypt_v2);
}

TEST_F(AuthorityExport, refuses_to_replace_a_server_key_that_clients_depend_on) {
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  export_client("anna");
  std::filesystem::remove(path("tls-crypt-v2-server.key"));
  EXPECT_NE(why_not_exported("bert").find("bring it back"), std::string::npos);
}

TEST_F(AuthorityExport, refuses_a_client_key_of_another_server) {
  issue(Kind::client, "anna");
  export_client("anna");
  put("tls-crypt-v2-server.key", crypto::TlsCryptV2ServerKey::generate(rng_).render());
  EXPECT_NE(why_not_exported("anna").find("was not made with this directory's"), std::string::npos);
}

TEST_F(AuthorityExport, refuses_who_could_not_connect) {
  issue(Kind::server, "gw");
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  EXPECT_NE(why_not_exported("gw").find("is not for a client"), std::string::npos);
  EXPECT_NE(why_not_exported("nobody").find("it has no certificate"), std::string::npos);
  EXPECT_NE(why_not_exported("anna", days_later(900)).find("expired on 2029-02-24"),
            std::string::npos);
  std::filesystem::copy_file(path("issued/bert.crt"), path("kept"));
  revoke("bert");
  std::filesystem::copy_file(path("kept"), path("issued/bert.crt"));
  EXPECT_NE(why_not_exported("bert").find("is revoked"), std::string::npos);
}

TEST_F(AuthorityExport, refuses_a_key_that_is_missing_foreign_or_broken) {
  issue(Kind::client, "anna");
  issue(Kind::client, "bert");
  put("private/anna.key", text_of("private/bert.key"));
  EXPECT_NE(why_not_exported("anna").find("does not belong to its certificate"), std::string::npos);
  put("private/anna.key", "rubbish");
  EXPECT_NE(why_not_exported("anna").find("cannot read the private key"), std::string::npos);
  std::filesystem::remove(path("private/anna.key"));
  EXPECT_NE(why_not_exported("anna").find("is not in this directory"), std::string::npos);
}

TEST_F(AuthorityExport, brings_every_certificate_of_a_chain) {
  issue(Kind::client, "anna");
  const std::string chain = text_of("ca.crt");
  put("ca.crt", "the authority:\n" + chain + "its root:\n" + chain);
  EXPECT_EQ(export_client("anna").ca, chain + chain);
}

}  // namespace
}  // namespace adit::pki
