// Which certificates go along with our own: a peer that knows only the root must be able to check
// it.

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/tls/made_at.h"
#include "tls/context.h"
#include "tls/handles.h"

namespace adit::tls {
namespace {

struct Made {
  Certificate certificate;
  PrivateKey key;

  template <typename Write>
  static std::string text(const Write& write) {
    const Bio bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
  std::string cert_text() const {
    return text([this](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); });
  }
  std::string key_text() const {
    return text([this](BIO* bio) {
      PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
};

// issuer  nothing: signed with its own key
Made make(const char* name, bool authority, const Made* issuer = nullptr) {
  Made made{Certificate(X509_new()), PrivateKey(EVP_EC_gen("P-256"))};
  X509* const one = made.certificate.get();
  X509_set_version(one, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(one), issuer == nullptr ? 1 : 2);
  ASN1_TIME_set(X509_getm_notBefore(one), made_at.seconds);
  ASN1_TIME_set(X509_getm_notAfter(one), made_at.seconds + 86400);
  X509_set_pubkey(one, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(one, X509_get_subject_name(issuer ? issuer->certificate.get() : one));
  BASIC_CONSTRAINTS constraints{authority ? 255 : 0, nullptr};
  X509_add1_ext_i2d(one, NID_basic_constraints, &constraints, 1, X509V3_ADD_DEFAULT);
  X509_sign(one, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

class OwnChain : public testing::Test {
 protected:
  OwnChain() {
    for (tls::Setup* setup : {&server_setup, &client_setup}) {
      setup->ca = {"ca", root.cert_text()};
      setup->verify_at = WallTime{made_at.seconds + 3600};
    }
    server_setup.server = true;
    server_setup.cert = {"cert", leaf.cert_text()};
    server_setup.key = {"key", leaf.key_text()};
    server_setup.peer.presence = PeerPolicy::Presence::none;
  }

  // How many certificates of the server the client saw and believed.
  std::size_t believed() {
    const auto server_context = TlsContext::create(server_setup);
    const auto client_context = TlsContext::create(client_setup);
    EXPECT_TRUE(server_context && client_context);
    const auto server = (*server_context)->make(), client = (*client_context)->make();
    Buffer room(4096);
    for (int round = 0; round < 20; ++round) {
      for (auto [from, to] :
           {std::pair{client.get(), server.get()}, {server.get(), client.get()}}) {
        while (const std::size_t size = from->transmit(room)) to->receive(Bytes(room).first(size));
      }
      if (client->state() == TlsEngine::State::established) return client->peer().chain.size();
    }
    return 0;
  }

  Made root = make("root", true);
  Made middle = make("middle", true, &root);
  Made leaf = make("server", false, &middle);
  tls::Setup server_setup, client_setup;
};

TEST_F(OwnChain, intermediates_of_ca_are_sent) {
  server_setup.ca.text += middle.cert_text();
  EXPECT_EQ(believed(), 3u);
}

TEST_F(OwnChain, intermediates_of_cert_and_extra_certs_are_sent) {
  server_setup.cert.text += middle.cert_text();
  EXPECT_EQ(believed(), 3u);
  server_setup.cert.text = leaf.cert_text();
  server_setup.extra_certs = {"extra-certs", middle.cert_text()};
  EXPECT_EQ(believed(), 3u);
}

TEST_F(OwnChain, without_its_issuer_the_certificate_still_goes_alone) {
  client_setup.ca.text += middle.cert_text();
  EXPECT_EQ(believed(), 3u);
  client_setup.ca.text = root.cert_text();
  EXPECT_EQ(believed(), 0u);
}

}  // namespace
}  // namespace adit::tls
