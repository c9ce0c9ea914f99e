// AES-GCM of our own beside OpenSSL's: every length around its steps, every kind of additional
// data.

#include "crypto/vaes_gcm.h"

#include <gtest/gtest.h>

#include "crypto/lane_engine.h"
#include "tests/sim/seeded_rng.h"

namespace adit::crypto {
namespace {

constexpr std::size_t most_text = 3 * 256 + 40;  // three of its chunks, and a rest
constexpr std::size_t most_additional = 40;

class VaesGcm : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!missing_for_vaes().empty()) GTEST_SKIP() << missing_for_vaes();
    Buffer key(cipher_.key_bytes);
    rng_.fill(key);
    ours_ = make_vaes_gcm_key(cipher_, key);
    ASSERT_NE(ours_, nullptr);
    seals_ = *AeadKey::make(cipher_, key, AeadKey::Use::seal, nullptr);
    opens_ = *AeadKey::make(cipher_, key, AeadKey::Use::open, nullptr);
  }

  // A packet in memory of its own, so that a step beyond it is seen.
  struct Packet {
    Buffer additional, text, tag = Buffer(aead_tag_bytes);
    AeadNonce nonce;

    AeadItem item() {
      return {.nonce = nonce,
              .additional_bytes = static_cast<std::uint32_t>(additional.size()),
              .additional = additional.data(),
              .text = text.data(),
              .text_bytes = text.size(),
              .tag = tag.data(),
              .authentic = false};
    }
    void seal(AeadKey& key) {
      AeadItem run[] = {item()};
      key.seal(run);
    }
    bool open(AeadKey& key) {
      AeadItem run[] = {item()};
      key.open(run);
      return run[0].authentic;
    }
  };

  Packet packet(std::size_t text, std::size_t additional) {
    Packet made{.additional = Buffer(additional), .text = Buffer(text), .nonce = {}};
    rng_.fill(made.additional);
    rng_.fill(made.text);
    rng_.fill(made.nonce);
    return made;
  }

  void expect_alike(const Packet& plain) {
    Packet theirs = plain;
    Packet sealed = plain;
    theirs.seal(*seals_);
    sealed.seal(*ours_);
    ASSERT_EQ(sealed.text, theirs.text);
    ASSERT_EQ(sealed.tag, theirs.tag);
    ASSERT_TRUE(sealed.open(*ours_));
    ASSERT_EQ(sealed.text, plain.text);
    ASSERT_EQ(sealed.tag, theirs.tag);
  }

  const Cipher& cipher_ = *find_cipher(GetParam());
  sim::SeededRng rng_{1};
  std::unique_ptr<AeadKey> ours_, seals_, opens_;
};
INSTANTIATE_TEST_SUITE_P(KeyLengths, VaesGcm,
                         testing::Values("AES-128-GCM", "AES-192-GCM", "AES-256-GCM"),
                         [](const auto& named) { return std::string(named.param).substr(4, 3); });

TEST_P(VaesGcm, seals_and_opens_every_length_as_openssl_does) {
  for (std::size_t text = 0; text <= most_text; ++text) {
    SCOPED_TRACE(text);
    expect_alike(packet(text, 8));
  }
}

TEST_P(VaesGcm, takes_additional_data_of_any_length) {
  for (std::size_t additional = 0; additional <= most_additional; ++additional) {
    for (const std::size_t text : {0u, 1u, 100u, 256u, 700u}) {
      SCOPED_TRACE(testing::Message() << additional << " and " << text);
      expect_alike(packet(text, additional));
    }
  }
}

TEST_P(VaesGcm, seals_the_longest_packets) {
  for (const std::size_t text : {9000u, 65535u}) expect_alike(packet(text, 8));
}

TEST_P(VaesGcm, opens_nothing_that_was_changed) {
  for (const std::size_t text : {1u, 31u, 300u}) {
    Packet sealed = packet(text, 8);
    sealed.seal(*ours_);
    const auto expect_refused = [&](Buffer Packet::*part) {
      for (std::size_t bit = 0; bit < 8 * (sealed.*part).size(); ++bit) {
        Packet changed = sealed;
        std::uint8_t& hit = (changed.*part)[bit / 8];
        hit = static_cast<std::uint8_t>(hit ^ 1u << bit % 8);
        ASSERT_FALSE(changed.open(*ours_)) << text << " bit " << bit;
      }
    };
    expect_refused(&Packet::text);
    expect_refused(&Packet::tag);
    expect_refused(&Packet::additional);
    Packet other = sealed;
    other.nonce[11] ^= 1;
    EXPECT_FALSE(other.open(*ours_));
    EXPECT_TRUE(sealed.open(*opens_));
  }
}

TEST(VaesGcmKey, is_for_gcm_alone) {
  EXPECT_EQ(make_vaes_gcm_key(*find_cipher("CHACHA20-POLY1305"), Buffer(32)), nullptr);
  EXPECT_EQ(make_vaes_gcm_key(*find_cipher("AES-256-CBC"), Buffer(32)), nullptr);
}

}  // namespace
}  // namespace adit::crypto
