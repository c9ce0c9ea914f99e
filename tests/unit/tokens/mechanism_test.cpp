#include "tokens/mechanism.h"

#include <gtest/gtest.h>

namespace adit::tokens {
namespace {

using Scheme = tls::SigningRequest::Scheme;

constexpr std::string_view message = "abc";

tls::SigningRequest request(Scheme scheme, const char* digest, const char* salt = "digest") {
  return {scheme, digest, salt, as_bytes(message)};
}

TEST(Mechanism, pss_names_digest_mask_and_salt) {
  const auto made = mechanism_of(request(Scheme::rsa_pss, "SHA384"));
  ASSERT_TRUE(made && made->pss);
  EXPECT_EQ(made->number, 0xDU);
  EXPECT_EQ(made->data.size(), 48U);
  EXPECT_EQ(made->pss->digest, 0x260U);
  EXPECT_EQ(made->pss->mask, 3U);
  EXPECT_EQ(made->pss->salt, 48U);
  EXPECT_EQ(mechanism_of(request(Scheme::rsa_pss, "SHA256", "20"))->pss->salt, 20U);
  EXPECT_FALSE(mechanism_of(request(Scheme::rsa_pss, "SHA256", "auto")));
  EXPECT_FALSE(mechanism_of(request(Scheme::rsa_pss, "MD5")));
}

TEST(Mechanism, others_get_what_they_sign) {
  EXPECT_EQ(mechanism_of(request(Scheme::rsa_pkcs1, "SHA256"))->data.size(), 51U);
  EXPECT_EQ(mechanism_of(request(Scheme::ecdsa, "SHA256"))->data.size(), 32U);
  EXPECT_EQ(mechanism_of(request(Scheme::ed25519, ""))->data, to_buffer(as_bytes(message)));
  EXPECT_TRUE(mechanism_of(request(Scheme::ecdsa, "no such"))->data.empty());
}

TEST(Mechanism, only_ecdsa_is_wrapped) {
  const Buffer raw(64, 1);
  EXPECT_EQ(for_tls(request(Scheme::rsa_pss, "SHA256"), raw), raw);
  EXPECT_EQ(for_tls(request(Scheme::ecdsa, "SHA256"), raw)->front(), 0x30);
  EXPECT_FALSE(for_tls(request(Scheme::ecdsa, "SHA256"), Buffer(3)));
}

}  // namespace
}  // namespace adit::tokens
