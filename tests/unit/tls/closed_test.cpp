// What comes behind the end that a peer has declared (close_notify).

#include <malloc.h>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/unit/tls/made_at.h"
#include "tests/unit/tls/made_certificate.h"
#include "tls/context.h"

namespace adit::tls {
namespace {

std::size_t bytes_in_use() {
  const auto all = mallinfo2();
  return all.uordblks + all.hblkhd;
}

// A client on OpenSSL itself, which can say that it has ended.
class PlainClient {
 public:
  PlainClient() : context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_.get())) {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
  }
  void exchange(TlsEngine& server) {
    Buffer room(4096);
    for (int round = 0; round < 20; ++round) {
      SSL_do_handshake(ssl_.get());
      give(server);
      while (const std::size_t size = server.transmit(room)) {
        BIO_write(SSL_get_rbio(ssl_.get()), room.data(), static_cast<int>(size));
      }
    }
  }
  void end(TlsEngine& server) {
    SSL_shutdown(ssl_.get());
    give(server);
  }

 private:
  void give(TlsEngine& server) {
    Buffer room(4096);
    int size = 0;
    while ((size = BIO_read(SSL_get_wbio(ssl_.get()), room.data(), 4096)) > 0) {
      server.receive(Bytes(room).first(static_cast<std::size_t>(size)));
    }
  }
  SslContext context_;
  SslConnection ssl_;
};

class Closed : public testing::Test {
 protected:
  Closed() {
    tls::Setup setup;
    setup.server = true;
    setup.ca = setup.cert = {"cert", own.cert_text()};
    setup.key = {"key", own.key_text()};
    setup.peer.presence = PeerPolicy::Presence::none;
    context = TlsContext::create(setup).value();
    server = context->make();
    client.exchange(*server);
  }

  Made own = made_certificate("server", true);
  std::unique_ptr<TlsContext> context;
  std::unique_ptr<TlsEngine> server;
  PlainClient client;
};

TEST_F(Closed, what_comes_behind_the_end_is_kept_nowhere) {
  ASSERT_EQ(server->state(), TlsEngine::State::established);
  client.end(*server);
  EXPECT_FALSE(server->read());
  const Buffer more(64000, 0x17);
  const std::size_t before = bytes_in_use();
  for (int i = 0; i < 500; ++i) {
    server->receive(more);
    EXPECT_FALSE(server->read());
  }
  EXPECT_LT(bytes_in_use(), before + (1u << 20));
  EXPECT_EQ(server->state(), TlsEngine::State::established);
  EXPECT_TRUE(server->write(as_bytes("one end is closed, not both")));
}

TEST_F(Closed, what_nobody_reads_is_not_kept_without_bound) {
  ASSERT_EQ(server->state(), TlsEngine::State::established);
  const Buffer more(64000, 0x17);
  for (int i = 0; i < 500; ++i) server->receive(more);
  EXPECT_EQ(server->state(), TlsEngine::State::failed);
  EXPECT_FALSE(server->failure().lines.empty());
}

}  // namespace
}  // namespace adit::tls
