// Which certificates go along with our own: a peer that knows only the root must be able to check
// it.

#include <gtest/gtest.h>

#include "tests/unit/tls/made_at.h"
#include "tests/unit/tls/made_certificate.h"
#include "tests/unit/tls/talk.h"
#include "tls/context.h"

namespace adit::tls {
namespace {

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
    talk(*client, *server);
    return client->state() == TlsEngine::State::established ? client->peer().chain.size() : 0;
  }

  Made root = made_certificate("root", true);
  Made middle = made_certificate("middle", true, &root);
  Made leaf = made_certificate("server", false, &middle);
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
