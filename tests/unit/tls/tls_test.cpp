// Real TLS between two engines, with certificates of our own.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "crypto/key_derivation.h"
#include "pki/authority.h"
#include "tests/sim/seeded_rng.h"
#include "tests/unit/tls/made_at.h"
#include "tls/context.h"

namespace adit::tls {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// One authority for all tests: it is only read, but for the revocation.
class Certificates {
 public:
  explicit Certificates(const char* name)
      : dir_(testing::TempDir() + "/adit_tls_" + name + std::to_string(getpid())) {
    std::filesystem::remove_all(dir_);
    auto made = pki::Authority::create(dir_, {}, rng_, made_at);
    EXPECT_TRUE(made) << (made ? "" : made.error().text());
    authority_.emplace(std::move(*made));
    issue(pki::Kind::server, "server");
    issue(pki::Kind::client, "client1");
    issue(pki::Kind::client, "revoked1");
  }
  ~Certificates() { std::filesystem::remove_all(dir_); }

  NamedPem ca() const { return {"ca", read_file(dir_ + "/ca.crt")}; }
  NamedPem cert(const std::string& name) const {
    return {name, read_file(dir_ + "/issued/" + name + ".crt")};
  }
  NamedPem key(const std::string& name) const {
    return {name, read_file(dir_ + "/private/" + name + ".key")};
  }
  NamedPem crl() const { return {"crl", read_file(dir_ + "/crl.pem")}; }
  void revoke(const std::string& name) {
    EXPECT_TRUE(authority_->revoke(*pki::Name::existing(name), {}, made_at));
  }

 private:
  void issue(pki::Kind kind, const std::string& name) {
    EXPECT_TRUE(authority_->issue({.kind = kind, .name = *pki::Name::parse(name)}, rng_, made_at));
  }
  std::string dir_;
  sim::SeededRng rng_{1};
  std::optional<pki::Authority> authority_;
};

class TlsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { certificates = new Certificates("a"); }
  static void TearDownTestSuite() {
    delete certificates;
    certificates = nullptr;
  }

  static tls::Setup setup_for(const std::string& name, bool server) {
    tls::Setup setup;
    setup.server = server;
    setup.ca = certificates->ca();
    setup.cert = certificates->cert(name);
    setup.key = certificates->key(name);
    setup.verify_at = WallTime{made_at.seconds + 3600};
    return setup;
  }

  void shake_hands() {
    auto server_made = TlsContext::create(server_setup);
    auto client_made = TlsContext::create(client_setup);
    ASSERT_TRUE(server_made) << server_made.error().text();
    ASSERT_TRUE(client_made) << client_made.error().text();
    server_context = std::move(*server_made);
    client_context = std::move(*client_made);
    server = server_context->make();
    client = client_context->make();
    exchange();
  }

  void exchange() {
    Buffer room(777);
    for (int round = 0; round < 50; ++round) {
      for (auto [from, to] :
           {std::pair{client.get(), server.get()}, {server.get(), client.get()}}) {
        while (const std::size_t size = from->transmit(room)) to->receive(Bytes(room).first(size));
        static_cast<void>(from->read());
      }
    }
  }

  bool established() const {
    return server->state() == TlsEngine::State::established &&
           client->state() == TlsEngine::State::established;
  }
  static std::string first_line(const TlsEngine& engine) {
    return engine.failure().lines.empty() ? "" : engine.failure().lines.front();
  }

  static Certificates* certificates;
  tls::Setup server_setup = setup_for("server", true);
  tls::Setup client_setup = setup_for("client1", false);
  std::unique_ptr<TlsContext> server_context, client_context;
  std::unique_ptr<TlsEngine> server, client;
};

Certificates* TlsTest::certificates = nullptr;

TEST_F(TlsTest, both_sides_know_each_other_and_export_the_same_keys) {
  for (const char* version : {"1.2", "1.3"}) {
    server_setup.version_max = version;
    shake_hands();
    ASSERT_TRUE(established()) << version;
    EXPECT_EQ(server->peer().common_name, "client1");
    EXPECT_EQ(client->peer().own()->subject, "CN=server");
    Buffer ours(256), theirs(256);
    EXPECT_TRUE(client->export_key(crypto::exporter_label_data_keys, ours));
    EXPECT_TRUE(server->export_key(crypto::exporter_label_data_keys, theirs));
    EXPECT_EQ(ours, theirs);
    EXPECT_NE(client->description().find(std::string("TLSv") + version), std::string::npos);
  }
}

TEST_F(TlsTest, one_write_is_one_read) {
  shake_hands();
  ASSERT_TRUE(client->write(as_bytes("first")));
  ASSERT_TRUE(client->write(as_bytes("second")));
  Buffer room(4096);
  server->receive(Bytes(room).first(client->transmit(room)));
  EXPECT_EQ(as_text(*server->read()), "first");
  EXPECT_EQ(as_text(*server->read()), "second");
  EXPECT_FALSE(server->read());
}

TEST_F(TlsTest, a_server_certificate_cannot_be_used_by_a_client) {
  client_setup = setup_for("server", false);
  server_setup.peer.usage = PeerPolicy::Usage::client;
  shake_hands();
  EXPECT_EQ(server->state(), TlsEngine::State::failed);
  EXPECT_NE(first_line(*server).find("error=unsuitable certificate purpose: CN=server"),
            std::string::npos);
  EXPECT_NE(server->failure().advice.find("CN=server"), std::string::npos);
  EXPECT_EQ(client->state(), TlsEngine::State::failed) << "the alert arrives";
}

TEST_F(TlsTest, the_peers_name_can_be_demanded) {
  struct Row {
    PeerPolicy::NameMatch match;
    const char* name;
    bool accepted;
  };
  using Match = PeerPolicy::NameMatch;
  for (const Row& row :
       {Row{Match::subject, "CN=server", true}, Row{Match::subject, "server", false},
        Row{Match::name, "server", true}, Row{Match::name, "serve", false},
        Row{Match::name_prefix, "serv", true}, Row{Match::name_prefix, "x", false}}) {
    client_setup.peer.name_match = row.match;
    client_setup.peer.name = row.name;
    shake_hands();
    EXPECT_EQ(established(), row.accepted) << row.name;
    if (!row.accepted) {
      EXPECT_EQ(first_line(*client),
                "VERIFY X509NAME ERROR: CN=server, must be " + std::string(row.name));
    }
  }
}

TEST_F(TlsTest, a_wrong_name_or_purpose_is_told_with_what_is_there) {
  client_setup.peer.name_match = PeerPolicy::NameMatch::name;
  client_setup.peer.name = "gateway";
  shake_hands();
  EXPECT_EQ(client->failure().advice,
            "verify-x509-name expects \"gateway\", but the certificate says \"server\"");
  client_setup = setup_for("client1", false);
  client_setup.peer.usage = PeerPolicy::Usage::client;
  shake_hands();
  EXPECT_EQ(first_line(*client), "VERIFY EKU ERROR");
  EXPECT_NE(client->failure().advice.find(
                "wants a certificate for \"TLS Web Client Authentication\", but \"CN=server\" is "
                "not one, it has \"TLS Web Server Authentication\""),
            std::string::npos)
      << client->failure().advice;
  client_setup = setup_for("client1", false);
  client_setup.peer.extended_key_usage = "1.3.6.1.5.5.7.3.4";
  shake_hands();
  EXPECT_EQ(client->failure().advice,
            "remote-cert-eku wants \"1.3.6.1.5.5.7.3.4\", but \"CN=server\" has \"TLS Web Server "
            "Authentication\"");
  client_setup = setup_for("client1", false);
  client_setup.peer.key_usage = {0x6};
  shake_hands();
  EXPECT_NE(client->failure().advice.find("wants key usage 0006, but \"CN=server\" has "),
            std::string::npos)
      << client->failure().advice;
}

class Chain final : public ChainJudge {
 public:
  bool accepts(const PeerIdentity& seen) override {
    depths.push_back(seen.chain.back().depth);
    names.push_back(seen.common_name);
    return depths.back() != refused_depth;
  }
  int refused_depth = -1;
  std::vector<int> depths;
  std::vector<std::string> names;
};

TEST_F(TlsTest, a_judge_sees_the_chain_from_its_top_and_may_refuse) {
  for (const int refused : {-1, 1, 0}) {
    Chain chain;
    chain.refused_depth = refused;
    client_setup.judge = &chain;
    shake_hands();
    EXPECT_EQ(client->state() == TlsEngine::State::established, refused == -1);
    const std::vector<int> whole{1, 0}, top{1};
    EXPECT_EQ(chain.depths, refused == 1 ? top : whole);
    EXPECT_EQ(chain.names.back(), refused == 1 ? "" : "server");
  }
}

TEST_F(TlsTest, certificates_are_kept_as_text_where_that_is_asked_for) {
  server_setup.keep_pem = true;
  shake_hands();
  ASSERT_TRUE(established());
  EXPECT_NE(certificates->cert("client1").text.find(server->peer().own()->pem), std::string::npos);
  EXPECT_TRUE(server->peer().own()->pem.starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_TRUE(client->peer().own()->pem.empty());
}

TEST_F(TlsTest, attributes_may_be_chosen) {
  server_setup.peer.tracked = {"CN", "+keyUsage", "basicConstraints", "O", "SHA1"};
  shake_hands();
  ASSERT_TRUE(established());
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const auto& chain = server->peer().chain;
  EXPECT_EQ(chain[0].fields, (Fields{{"keyUsage", "Certificate Sign, CRL Sign"}}));
  ASSERT_EQ(chain[1].fields.size(), 4u);
  EXPECT_EQ(chain[1].fields[0], Fields::value_type("CN", "client1"));
  EXPECT_EQ(chain[1].fields[2], Fields::value_type("basicConstraints", "CA:FALSE"));
  EXPECT_EQ(chain[1].fields[3].second.size(), 59u);
  server_setup.peer.tracked = {"nosuch"};
  const auto made = TlsContext::create(server_setup);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what, "x509_track: no such attribute 'nosuch'");
}

TEST_F(TlsTest, dates_are_looked_at) {
  server_setup.verify_at = WallTime{made_at.seconds + 40LL * 365 * 86400};
  shake_hands();
  EXPECT_NE(first_line(*server).find("certificate has expired"), std::string::npos);
  EXPECT_NE(server->failure().advice.find("valid from"), std::string::npos);
  server_setup.verify_at = WallTime{made_at.seconds - 365LL * 86400};
  shake_hands();
  EXPECT_NE(first_line(*server).find("not yet valid"), std::string::npos);
  const std::string advice = server->failure().advice;
  EXPECT_NE(advice.find("; this host's clock says 2025-11-2"), std::string::npos) << advice;
  EXPECT_NE(advice.find("set this host's clock right"), std::string::npos);
}

TEST_F(TlsTest, a_stranger_is_refused_with_the_name_of_its_authority) {
  const Certificates strangers("b");
  client_setup.cert = strangers.cert("client1");
  client_setup.key = strangers.key("client1");
  shake_hands();
  EXPECT_EQ(server->state(), TlsEngine::State::failed);
  EXPECT_NE(first_line(*server).find("VERIFY ERROR: depth="), std::string::npos);
  EXPECT_NE(server->failure().advice.find("same CA"), std::string::npos);
}

TEST_F(TlsTest, a_revoked_certificate_is_refused_once_the_list_says_so) {
  client_setup = setup_for("revoked1", false);
  server_setup.crl = certificates->crl();
  shake_hands();
  EXPECT_TRUE(established());
  certificates->revoke("revoked1");
  ASSERT_TRUE(server_context->reload_crl(certificates->crl()));
  server = server_context->make();
  client = client_context->make();
  exchange();
  EXPECT_EQ(server->state(), TlsEngine::State::failed);
  EXPECT_NE(first_line(*server).find(
                "VERIFY ERROR: depth=0, error=certificate revoked: CN=revoked1, serial="),
            std::string::npos);
  EXPECT_FALSE(server_context->reload_crl({"crl", "rubbish"})) << "and the old list stays";
}

TEST_F(TlsTest, who_was_let_in_before_is_known_to_be_revoked_later) {
  Certificates own("c");
  const auto one_of_own = [&](const std::string& name, bool is_server) {
    tls::Setup setup = setup_for("server", is_server);
    setup.ca = own.ca();
    setup.cert = own.cert(name);
    setup.key = own.key(name);
    return setup;
  };
  server_setup = one_of_own("server", true);
  client_setup = one_of_own("revoked1", false);
  server_setup.crl = own.crl();
  shake_hands();
  ASSERT_TRUE(established());
  const auto& chain = server->peer().chain;
  EXPECT_EQ(server_context->revoked(chain), nullptr);
  own.revoke("revoked1");
  ASSERT_TRUE(server_context->reload_crl(own.crl()));
  EXPECT_EQ(server_context->revoked(chain), &chain.back());
  EXPECT_EQ(client_context->revoked(client->peer().chain), nullptr);
  EXPECT_FALSE(server_context->reload_crl(certificates->crl())) << "signed by another CA";
  EXPECT_EQ(server_context->revoked(chain), &chain.back());
}

TEST_F(TlsTest, a_fingerprint_replaces_the_authority) {
  shake_hands();
  const std::string fingerprint = server->peer().own()->sha256;
  server_setup.ca = {};
  server_setup.peer.fingerprints = {fingerprint};
  shake_hands();
  EXPECT_TRUE(established());
  server_setup.peer.fingerprints = {std::string(fingerprint.size(), '0')};
  shake_hands();
  EXPECT_FALSE(established());
  EXPECT_NE(first_line(*server).find(fingerprint), std::string::npos);
}

TEST_F(TlsTest, an_issuer_is_known_by_its_hash) {
  shake_hands();
  ASSERT_GE(server->peer().chain.size(), 2u);
  const std::string issuer = to_upper(server->peer().chain.front().sha256);
  server_setup.peer.issuer_hashes = {std::string(issuer.size(), '0'), issuer};
  server_setup.peer.issuer_hashes_sha1 = false;
  shake_hands();
  EXPECT_TRUE(established());
  server_setup.peer.issuer_hashes.pop_back();
  shake_hands();
  EXPECT_FALSE(established());
  EXPECT_NE(to_upper(first_line(*server)).find(issuer), std::string::npos) << first_line(*server);
}

TEST_F(TlsTest, versions_that_do_not_meet_say_so) {
  server_setup.version_min = "1.3";
  client_setup.version_max = "1.2";
  shake_hands();
  EXPECT_FALSE(established());
  EXPECT_NE(server->failure().advice.find("no common TLS version"), std::string::npos);
}

TEST_F(TlsTest, a_client_without_certificate_enters_only_where_allowed) {
  client_setup.cert = client_setup.key = {};
  shake_hands();
  EXPECT_FALSE(established());
  server_setup.peer.presence = PeerPolicy::Presence::optional;
  shake_hands();
  EXPECT_TRUE(established());
  EXPECT_EQ(server->peer().own(), nullptr);
}

TEST_F(TlsTest, wrong_files_are_named) {
  struct Row {
    NamedPem tls::Setup::*field;
    NamedPem value;
    const char* says;
  };
  for (const Row& row :
       {Row{&tls::Setup::ca, {"ca ca.crt", "nonsense"}, "no certificate found in ca ca.crt"},
        Row{&tls::Setup::cert,
            {"cert x.crt", "nonsense"},
            "cannot read a certificate from cert x.crt"},
        Row{&tls::Setup::key,
            {"key x.key", "nonsense"},
            "cannot read a private key from key x.key"},
        Row{&tls::Setup::dh, {"dh dh.pem", "nonsense"}, "cannot read Diffie-Hellman parameters"},
        Row{&tls::Setup::crl, {"crl-verify x", "nonsense"}, "no revocation list found"}}) {
    tls::Setup setup = setup_for("server", true);
    setup.*row.field = row.value;
    const auto made = TlsContext::create(setup);
    ASSERT_FALSE(made) << row.says;
    EXPECT_NE(made.error().text().find(row.says), std::string::npos) << made.error().text();
  }
  tls::Setup setup = setup_for("server", true);
  setup.key = certificates->key("client1");
  EXPECT_NE(TlsContext::create(setup).error().text().find("does not belong to"), std::string::npos);
}

TEST_F(TlsTest, small_diffie_hellman_parameters_are_refused_with_the_cure) {
  // A 1024-bit group made once for this test.
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* parameters = nullptr;
  ASSERT_EQ(EVP_PKEY_paramgen_init(context.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_dh_paramgen_prime_len(context.get(), 512), 1);
  ASSERT_EQ(EVP_PKEY_paramgen(context.get(), &parameters), 1);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_Parameters(bio, parameters);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  server_setup.dh = {"dh dh512.pem", std::string(data, static_cast<std::size_t>(size))};
  BIO_free(bio);
  EVP_PKEY_free(parameters);
  const auto made = TlsContext::create(server_setup);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("dh dh512.pem has 512 bits; at least 2048 are needed"),
            std::string::npos);
  EXPECT_NE(made.error().text().find("dh none"), std::string::npos);
}

TEST_F(TlsTest, cipher_names_of_openvpn_and_of_openssl_are_both_understood) {
  for (const char* name :
       {"TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"}) {
    server_setup.ciphers = name;
    server_setup.version_max = "1.2";
    shake_hands();
    EXPECT_TRUE(established());
    EXPECT_NE(client->description().find("ECDHE-ECDSA-AES256-GCM-SHA384"), std::string::npos);
  }
  server_setup.ciphers = "TLS-NO-SUCH";
  EXPECT_FALSE(TlsContext::create(server_setup));
  const auto names = cipher_names("", "");
  EXPECT_FALSE(names.tls13.empty());
  EXPECT_FALSE(names.tls12.empty());
}

}  // namespace
}  // namespace adit::tls
