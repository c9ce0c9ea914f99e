#include "proxy/ntlm.h"

#include <gtest/gtest.h>

#include "crypto/md4.h"

namespace adit::proxy {
namespace {

// RFC 1320, A.5
TEST(Md4, gives_the_digests_of_its_rfc) {
  struct Case {
    std::string text;
    const char* digest;
  };
  for (const auto& [text, digest] :
       {Case{"", "31d6cfe0d16ae931b73c59d7e0c089c0"}, Case{"a", "bde52cb31de33e46245e05fbdbd6fb24"},
        Case{"abc", "a448017aaf21d8525fc10ae87aa6729d"},
        Case{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
             "043f8582f241db351ce627e153e7f0e4"},
        Case{"1234567890123456789012345678901234567890123456789012345678901234567890123456789"
             "0",
             "e33b4ddc9c38f2199c3e7b164fcc0536"}}) {
    EXPECT_EQ(to_hex(crypto::md4(as_bytes(text))), digest) << text;
  }
}

NtlmChallenge challenge_of(std::string_view base64) {
  const auto challenge = NtlmChallenge::parse(*from_base64(base64));
  EXPECT_TRUE(challenge);
  return challenge.value_or(NtlmChallenge());
}

constexpr std::string_view from_proxy =
    "TlRMTVNTUAACAAAABgAGADAAAAACAoAAASNFZ4mrze8AAAAAAAAAACQAJAA2AAAARG9tYWluAgAMAEQAbwBtAGEAaQBuA"
    "AEADABTAGUAcgB2AGUAcgAAAAAA";

// Made by stock 2.6.14 with OpenSSL's legacy provider: its nonce, and its time, a whole second.
TEST(Ntlm, answers_as_stock_does) {
  constexpr std::string_view stock =
      "TlRMTVNTUAADAAAAAAAAAJsAAABUAFQAQAAAAAMAAwCYAAAABAAEAJQAAAAAAAAAmwAAAAAAAACbAAAAAgIAAHANeZET"
      "c384uuvw3J/7jvABAQAAAAAAAAAyKdR4fd0BfUWQSYCRoVoAAAAAAgAMAEQAbwBtAGEAaQBuAAEADABTAGUAcgB2AGUA"
      "cgAAAAAAAAAAAHVzZXJET00=";
  NtlmMoment moment{{0x7d, 0x45, 0x90, 0x49, 0x80, 0x91, 0xa1, 0x5a}, WallTime{1795678580}};
  const auto answer =
      ntlm_answer(challenge_of(from_proxy), {"DOM\\user", SecretText("SecREt01")}, moment);
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_base64(*answer), stock);
}

// MS-NLMP 4.2.4: user "User", domain "Domain", password "Password", time 0.
TEST(Ntlm, proves_as_its_specification_does) {
  NtlmChallenge challenge = challenge_of(from_proxy);
  const NtlmMoment moment{{0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa}, WallTime{-11644473600}};
  const auto answer = ntlm_answer(challenge, {"Domain\\User", SecretText("Password")}, moment);
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_hex(Bytes(*answer).subspan(64, 16)), "68cd0ab851e51c96aabc927bebef6a1c");
}

TEST(Ntlm, writes_names_as_the_proxy_reads_them) {
  NtlmChallenge challenge = challenge_of(from_proxy);
  challenge.unicode = true;
  const auto answer = ntlm_answer(challenge, {"\xc3\xa9", SecretText("x")}, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_hex(Bytes(*answer).last(2)), "e900");
  EXPECT_FALSE(ntlm_answer(challenge, {std::string(1000, 'x'), SecretText("x")}, {}));
}

TEST(Ntlm, takes_no_challenge_that_points_outside_itself) {
  const Buffer whole = *from_base64(from_proxy);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(NtlmChallenge::parse(Bytes(whole).first(size))) << size;
  }
  Buffer wrong = whole;
  wrong[47] = 0xff;  // of the offset
  EXPECT_FALSE(NtlmChallenge::parse(wrong));
  wrong = whole;
  wrong[41] = 0x7f;  // of the size
  EXPECT_FALSE(NtlmChallenge::parse(wrong));
}

}  // namespace
}  // namespace adit::proxy
