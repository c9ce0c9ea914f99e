// Certificates as they were made long ago, and strangers among authorities: what is said of them.

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/unit/tls/made_at.h"
#include "tests/unit/tls/talk.h"
#include "tls/context.h"

namespace adit::tls {
namespace {

struct PemPair {
  std::string cert, key;
};

using FreedBio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// A certificate as they were made long ago, self-signed without an issuer's key.
PemPair old_certificate(const char* name, unsigned bits, const EVP_MD* digest,
                        const char* issuer = nullptr, const std::string& issuer_key = {}) {
  const auto set_name = [](X509_NAME* into, const char* text) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text);
    X509_NAME_add_entry_by_txt(into, "CN", MBSTRING_ASC, bytes, -1, -1, 0);
  };
  const Key key(EVP_RSA_gen(bits), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), made_at.seconds);
  ASN1_TIME_set(X509_getm_notAfter(made.get()), made_at.seconds + 86400);
  X509_set_pubkey(made.get(), key.get());
  set_name(X509_get_subject_name(made.get()), name);
  set_name(X509_get_issuer_name(made.get()), issuer != nullptr ? issuer : name);
  const FreedBio by(BIO_new_mem_buf(issuer_key.data(), static_cast<int>(issuer_key.size())),
                    BIO_free);
  const Key signer(PEM_read_bio_PrivateKey(by.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  X509_sign(made.get(), signer ? signer.get() : key.get(), digest);
  const FreedBio cert(BIO_new(BIO_s_mem()), BIO_free), own(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(cert.get(), made.get());
  PEM_write_bio_PrivateKey(own.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(cert.get()), text_of(own.get())};
}

class OldCertificates : public testing::Test {
 protected:
  OldCertificates() {
    for (tls::Setup* setup : {&server_setup, &client_setup}) {
      setup->ca = {"ca old-ca.crt", authority.cert};
      setup->verify_at = WallTime{made_at.seconds + 3600};
    }
    server_setup.server = true;
    const PemPair own = issue("server");
    server_setup.cert = {"cert server.crt", own.cert};
    server_setup.key = {"key server.key", own.key};
  }

  PemPair issue(const char* name) const {
    return old_certificate(name, 2048, EVP_sha256(), "old CA", authority.key);
  }
  void give_client(const PemPair& pair) {
    client_setup.cert = {"cert guest.crt", pair.cert};
    client_setup.key = {"key guest.key", pair.key};
  }

  // What the server advises after a handshake that it refused.
  std::string refusal() {
    auto server_context = TlsContext::create(server_setup);
    auto client_context = TlsContext::create(client_setup);
    EXPECT_TRUE(server_context && client_context);
    if (!server_context || !client_context) return {};
    const auto server = (*server_context)->make(), client = (*client_context)->make();
    talk(*client, *server);
    EXPECT_EQ(server->state(), TlsEngine::State::failed);
    return server->failure().advice;
  }

  PemPair authority = old_certificate("old CA", 2048, EVP_sha256());
  tls::Setup server_setup, client_setup;
};

TEST_F(OldCertificates, weak_certificates_are_refused_with_what_is_weak_and_the_cure) {
  const PemPair relic = old_certificate("relic", 1024, EVP_sha1(), "old CA", authority.key);
  server_setup.cert = {"cert relic.crt (server.conf:5)", relic.cert};
  server_setup.key = {"key relic.key", relic.key};
  const auto made = TlsContext::create(server_setup);
  ASSERT_FALSE(made);
  const std::string said = made.error().text();
  EXPECT_NE(said.find("cannot use cert relic.crt (server.conf:5): \"CN=relic\" is too weak, signed "
                      "with SHA1, key of 1024 bits RSA, refused since 2017"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("re-issue it with SHA256 and at least 2048 bits, or set \"tls-cert-profile "
                      "insecure\" for now"),
            std::string::npos);
  server_setup.profile = tls::Setup::Profile::insecure;
  EXPECT_TRUE(TlsContext::create(server_setup));
}

TEST_F(OldCertificates, a_weak_peer_is_refused_with_what_is_weak) {
  give_client(old_certificate("relic", 2048, EVP_sha1(), "old CA", authority.key));
  client_setup.profile = tls::Setup::Profile::insecure;
  EXPECT_EQ(
      refusal(),
      "the certificate \"CN=relic\" is too weak (signed with SHA1): re-issue it with SHA256 and "
      "at least 2048 bits, or set \"tls-cert-profile insecure\" for now");
}

TEST_F(OldCertificates, an_unknown_authority_is_told_beside_those_we_trust) {
  const PemPair other = old_certificate("other CA", 2048, EVP_sha256());
  PemPair guest = old_certificate("guest", 2048, EVP_sha256(), "other CA", other.key);
  give_client(guest);
  EXPECT_EQ(
      refusal(),
      "the other side's certificate is not issued by a CA in our \"ca\" file (it holds \"CN=old "
      "CA\"): \"CN=guest\" is issued by \"CN=other CA\"; both sides need the same CA");
  guest.cert += other.cert;
  give_client(guest);
  EXPECT_EQ(
      refusal(),
      "the other side's certificate is not issued by a CA in our \"ca\" file (it holds \"CN=old "
      "CA\") but by \"CN=other CA\": both sides need the same CA");
}

}  // namespace
}  // namespace adit::tls
