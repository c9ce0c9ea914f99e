// crl-verify with lists of some authorities of a chain only.

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/unit/tls/made_at.h"
#include "tests/unit/tls/made_certificate.h"
#include "tests/unit/tls/talk.h"
#include "tls/context.h"

namespace adit::tls {
namespace {

using Asn1Time = std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>>;

Asn1Time time_after(std::int64_t seconds) {
  return Asn1Time(ASN1_TIME_set(nullptr, made_at.seconds + seconds));
}

struct ListFacts {
  const Made* revoked = nullptr;
  const Made* signer = nullptr;  // nothing: the issuer
  std::int64_t good_for = 86400;
};

std::string made_list(const Made& issuer, const ListFacts& facts) {
  const RevocationList list(X509_CRL_new());
  X509_CRL_set_version(list.get(), 1);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  X509_CRL_set1_lastUpdate(list.get(), time_after(0).get());
  X509_CRL_set1_nextUpdate(list.get(), time_after(facts.good_for).get());
  if (facts.revoked != nullptr) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(facts.revoked->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, time_after(0).get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  const Made& signer = facts.signer != nullptr ? *facts.signer : issuer;
  X509_CRL_sign(list.get(), signer.key.get(), EVP_sha256());
  return Made::text([&](BIO* bio) { PEM_write_bio_X509_CRL(bio, list.get()); });
}

class MissingLists : public testing::Test {
 protected:
  MissingLists() {
    for (auto [setup, own] : {std::pair{&server_setup, &served}, {&client_setup, &client}}) {
      setup->ca = {"ca", root.cert_text() + middle.cert_text()};
      setup->cert = {"cert", own->cert_text()};
      setup->key = {"key", own->key_text()};
      setup->verify_at = WallTime{made_at.seconds + 3600};
    }
    server_setup.server = true;
  }

  // What the server says of the client; nothing: it lets it in.
  std::string refusal_with(const std::string& lists) {
    if (!lists.empty()) server_setup.crl = {"crl", lists};
    const auto server_context = TlsContext::create(server_setup);
    const auto client_context = TlsContext::create(client_setup);
    EXPECT_TRUE(server_context && client_context);
    const auto server = (*server_context)->make(), client = (*client_context)->make();
    talk(*client, *server);
    warnings = server->peer().warnings;
    if (server->state() == TlsEngine::State::established) return {};
    return server->failure().lines.empty() ? "?" : server->failure().lines.front();
  }

  Made root = made_certificate("root", true);
  Made middle = made_certificate("middle", true, &root);
  Made served = made_certificate("server", false, &root);
  Made client = made_certificate("client", false, &middle);
  tls::Setup server_setup, client_setup;
  std::vector<std::string> warnings;
};

TEST_F(MissingLists, are_told_of_and_refuse_nobody) {
  EXPECT_EQ(refusal_with(made_list(middle, {})), "");
  EXPECT_EQ(warnings, (std::vector<std::string>{
                          "VERIFY WARNING: depth=1, unable to get certificate CRL: CN=middle",
                          "VERIFY WARNING: depth=2, unable to get certificate CRL: CN=root"}));
  EXPECT_EQ(refusal_with(made_list(middle, {}) + made_list(root, {})), "");
  EXPECT_TRUE(warnings.empty());
}

TEST_F(MissingLists, leave_in_force_those_that_are_there) {
  EXPECT_TRUE(refusal_with(made_list(middle, {.revoked = &client}))
                  .starts_with("VERIFY ERROR: depth=0, error=certificate revoked: CN=client"));
  EXPECT_TRUE(refusal_with(made_list(root, {.revoked = &middle}))
                  .starts_with("VERIFY ERROR: depth=1, error=certificate revoked: CN=middle"));
  EXPECT_TRUE(refusal_with(made_list(middle, {.good_for = 60}))
                  .starts_with("VERIFY ERROR: depth=0, error=CRL has expired: CN=client"));
  EXPECT_TRUE(refusal_with(made_list(middle, {.signer = &root}))
                  .starts_with("VERIFY ERROR: depth=0, error=CRL signature failure: CN=client"));
}

TEST_F(MissingLists, in_a_folder_of_authorities_count_without_crl_verify) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("adit-capath-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  server_setup.ca_path = folder.string();
  EXPECT_EQ(refusal_with({}), "");
  const auto hash = X509_subject_name_hash(middle.certificate.get());
  std::ofstream(folder / fmt::format("{:08x}.r0", hash)) << made_list(middle, {.revoked = &client});
  EXPECT_TRUE(
      refusal_with({}).starts_with("VERIFY ERROR: depth=0, error=certificate revoked: CN=client"));
  std::filesystem::remove_all(folder);
}

TEST_F(MissingLists, let_no_stranger_and_no_wrong_name_in) {
  server_setup.peer.name_match = PeerPolicy::NameMatch::name;
  server_setup.peer.name = "somebody";
  EXPECT_TRUE(refusal_with(made_list(middle, {})).starts_with("VERIFY X509NAME ERROR: CN=client"));
  server_setup.peer = {};
  server_setup.ca = {"ca", served.cert_text()};
  EXPECT_NE(refusal_with(made_list(middle, {})), "");
}

}  // namespace
}  // namespace adit::tls
