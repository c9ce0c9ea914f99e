// Handshakes whose private key lies elsewhere.

#include "tls/signer.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/unit/tls/talk.h"
#include "tls/context.h"
#include "tls/handles.h"

namespace adit::tls {
namespace {

using Scheme = SigningRequest::Scheme;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

std::string drain(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

// A certificate that has signed itself, and its key.
struct Pair {
  PrivateKey key;
  std::string certificate, private_key;

  explicit Pair(EVP_PKEY* made) : key(made) {
    const Certificate x509(X509_new());
    X509_set_version(x509.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("own"), -1, -1, 0);
    X509_set_issuer_name(x509.get(), X509_get_subject_name(x509.get()));
    X509_set_pubkey(x509.get(), made);
    const bool edwards = EVP_PKEY_is_a(made, "ED25519") == 1;
    X509_sign(x509.get(), made, edwards ? nullptr : EVP_sha256());
    const Bio cert(BIO_new(BIO_s_mem())), pem(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(cert.get(), x509.get());
    PEM_write_bio_PKCS8PrivateKey(pem.get(), made, nullptr, nullptr, 0, nullptr, nullptr);
    certificate = drain(cert.get());
    private_key = drain(pem.get());
  }
};

// Signs with a key in memory, or badly, and remembers what it was asked for.
class Elsewhere final : public Signer {
 public:
  explicit Elsewhere(EVP_PKEY* key) : key_(key) {}

  std::optional<Buffer> sign(const SigningRequest& request) override {
    seen = request;
    ++asked;
    if (answer) return *answer;
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* more = nullptr;
    const char* digest = request.digest.empty() ? nullptr : request.digest.c_str();
    EVP_DigestSignInit_ex(context.get(), &more, digest, nullptr, nullptr, key_, nullptr);
    if (request.scheme == Scheme::rsa_pss) {
      EVP_PKEY_CTX_set_rsa_padding(more, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(more, RSA_PSS_SALTLEN_DIGEST);
    }
    Buffer signature(1024);
    std::size_t size = signature.size();
    EXPECT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, request.message.data(),
                             request.message.size()),
              1);
    signature.resize(size);
    return signature;
  }

  SigningRequest seen;
  int asked = 0;
  std::optional<Buffer> answer;

 private:
  EVP_PKEY* key_;
};

class SignerTest : public testing::Test {
 protected:
  tls::Setup setup_for(const Pair& own, const Pair& peer, bool server) const {
    tls::Setup setup;
    setup.server = server;
    setup.ca = {"ca", peer.certificate};
    setup.cert = {"cert", own.certificate};
    setup.key = {"key", own.private_key};
    setup.version_max = highest;
    return setup;
  }

  // The client's key is elsewhere, or the server's.
  bool shake_hands(const Pair& pair, Elsewhere& signer, bool server_signs = false) {
    tls::Setup server = setup_for(other, pair, true), client = setup_for(pair, other, false);
    if (server_signs) {
      std::swap(server, client);
      server.server = true;
      client.server = false;
    }
    tls::Setup& signs = server_signs ? server : client;
    signs.signer = &signer;
    signs.key = {};
    auto a = TlsContext::create(server), b = TlsContext::create(client);
    EXPECT_TRUE(a) << (a ? "" : a.error().text());
    EXPECT_TRUE(b) << (b ? "" : b.error().text());
    if (!a || !b) return false;
    auto one = (*a)->make(), two = (*b)->make();
    a->reset();  // an engine outlives the context it comes from
    b->reset();
    talk(*two, *one);
    return one->state() == TlsEngine::State::established &&
           two->state() == TlsEngine::State::established;
  }

  std::string highest;
  Pair other{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  Pair rsa{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})};
  Pair ec{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384")};
  Pair edwards{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
};

TEST_F(SignerTest, rsa_signs_with_pss_and_gets_the_message_whole) {
  Elsewhere signer(rsa.key.get());
  EXPECT_TRUE(shake_hands(rsa, signer));
  EXPECT_EQ(signer.seen.scheme, Scheme::rsa_pss);
  EXPECT_EQ(signer.seen.digest, "SHA256");
  EXPECT_EQ(signer.seen.salt_length, "digest");
  EXPECT_EQ(signer.asked, 1);
}

TEST_F(SignerTest, ec_signs_as_client_and_as_server_in_both_versions) {
  for (const char* version : {"1.2", "1.3"}) {
    highest = version;
    Elsewhere signer(ec.key.get());
    EXPECT_TRUE(shake_hands(ec, signer));
    EXPECT_TRUE(shake_hands(ec, signer, true));
    EXPECT_EQ(signer.seen.scheme, Scheme::ecdsa);
    EXPECT_EQ(signer.asked, 2);
  }
}

TEST_F(SignerTest, an_rsa_server_signs) {
  Elsewhere signer(rsa.key.get());
  EXPECT_TRUE(shake_hands(rsa, signer, true));
  highest = "1.2";
  EXPECT_TRUE(shake_hands(rsa, signer, true));
}

TEST_F(SignerTest, ed25519_signs) {
  Elsewhere signer(edwards.key.get());
  EXPECT_TRUE(shake_hands(edwards, signer));
  EXPECT_EQ(signer.seen.scheme, Scheme::ed25519);
}

TEST_F(SignerTest, a_wrong_signature_fails_the_handshake_only) {
  Elsewhere signer(rsa.key.get());
  for (const Buffer& wrong : {Buffer(256, 'x'), Buffer(5000, 'x'), Buffer()}) {
    signer.answer = wrong;
    EXPECT_FALSE(shake_hands(rsa, signer));
  }
  signer.answer.reset();
  EXPECT_TRUE(shake_hands(rsa, signer));
}

TEST_F(SignerTest, somebody_elses_key_is_not_noticed_before_the_handshake) {
  Elsewhere signer(other.key.get());
  EXPECT_FALSE(shake_hands(ec, signer));
}

TEST(Signer, digest_info_names_its_digest) {
  const std::string text = "abc";
  const SigningRequest request{Scheme::rsa_pkcs1, "SHA256", "", as_bytes(text)};
  const std::string info = to_hex(digest_info_of(request));
  EXPECT_TRUE(info.starts_with("3031300d060960864801650304020105000420")) << info;
  EXPECT_TRUE(info.ends_with(to_hex(digest_of(request))));
  const SigningRequest old{Scheme::rsa_pkcs1, "MD5-SHA1", "", as_bytes(text)};
  EXPECT_EQ(digest_info_of(old).size(), 36U);
  EXPECT_TRUE(digest_of({Scheme::ecdsa, "no such", "", as_bytes(text)}).empty());
}

TEST(Signer, ecdsa_numbers_become_a_sequence) {
  Buffer numbers(64, 0);
  numbers[31] = 1;
  numbers[32] = 0x80;
  const std::string text = to_hex(ecdsa_sequence(numbers));
  EXPECT_TRUE(
      text.starts_with("3026020101022100"
                       "80"))
      << text;
  EXPECT_TRUE(ecdsa_sequence(Buffer(63)).empty());
  EXPECT_TRUE(ecdsa_sequence(Buffer(400)).empty());
  EXPECT_TRUE(ecdsa_sequence({}).empty());
}

TEST(Signer, what_is_no_certificate_has_no_text) {
  EXPECT_TRUE(pem_of(as_bytes("rubbish")).empty());
  EXPECT_TRUE(name_of(as_bytes("rubbish")).subject.empty());
}

}  // namespace
}  // namespace adit::tls
