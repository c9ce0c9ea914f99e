#include "node/static_key_mode.h"

#include <gtest/gtest.h>

#include "crypto/static_key.h"
#include "tests/sim/fakes.h"

namespace adit::node {
namespace {

using namespace std::chrono_literals;

class StaticKeyFile : public testing::Test {
 protected:
  StaticKeyFile() {
    Buffer bytes(crypto::StaticKey::size);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    store.files["static.key"] = crypto::StaticKey(bytes).render();
    config.secret.path = "static.key";
    config.channel.cipher = "AES-256-CBC";
    config.channel.auth = "SHA256";
  }
  Result<plane::KeySpec> key(std::optional<int> direction) {
    options::Connection connection;
    connection.key_direction = direction;
    return make_static_key(config, connection, store);
  }

  options::Config config;
  sim::MemoryStore store;
};

// source: wire protocol 2.6
TEST_F(StaticKeyFile, the_direction_says_which_half_sends) {
  struct Row {
    std::optional<int> direction;
    std::uint8_t send, receive;  // first byte of the cipher key
  };
  for (const Row& row : {Row{0, 0, 128}, Row{1, 128, 0}, Row{std::nullopt, 0, 0}}) {
    const auto spec = key(row.direction);
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->send.cipher.bytes()[0], row.send);
    EXPECT_EQ(spec->send.hmac.bytes()[0], row.send + 64);
    EXPECT_EQ(spec->receive.cipher.bytes()[0], row.receive);
    EXPECT_EQ(spec->receive.hmac.bytes()[0], row.receive + 64);
    EXPECT_TRUE(spec->format.long_id);
    EXPECT_EQ(spec->format.header_bytes(), 0u);
  }
}

TEST_F(StaticKeyFile, wants_a_key_file_and_a_cipher_without_a_tag) {
  config.channel.cipher = "AES-256-GCM";
  EXPECT_FALSE(key(0));
  config.channel.cipher = "none";
  config.channel.auth = "none";
  EXPECT_FALSE(key(0)->format.digest);
  store.files["static.key"] = "not a key";
  EXPECT_FALSE(key(0));
}

TEST(OccRequests, ask_every_ten_seconds_twelve_times_until_answered) {
  OccRequests requests;
  EXPECT_FALSE(requests.due(Instant(1h)));
  requests.start(Instant(1h));
  int asked = 0;
  for (Instant now(1h); now < Instant(2h); now += 1s) asked += requests.due(now) ? 1 : 0;
  EXPECT_EQ(asked, 12);
  EXPECT_EQ(requests.deadline().at, Instant::max());
  OccRequests answered;
  answered.start(Instant(1h));
  EXPECT_TRUE(answered.due(Instant(1h)));
  EXPECT_FALSE(answered.due(Instant(1h) + 9s));
  answered.stop();
  EXPECT_FALSE(answered.due(Instant(2h)));
}

}  // namespace
}  // namespace adit::node
