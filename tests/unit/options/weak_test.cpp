// What is weak works only where a file asks for it, and is told once, with the line that asks.

#include <gtest/gtest.h>

#include "options/checks.h"
#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

struct Weak {
  const char* lines;  // behind seven others
  std::vector<std::string> told;
};

void expect_told(const std::string& base, const Weak& weak) {
  const Parsed parsed = read_and_complete(base + weak.lines);
  EXPECT_TRUE(parsed.ok()) << weak.lines << '\n' << all_text(parsed.issues);
  std::size_t told = 0;
  for (const std::string& words : weak.told) {
    EXPECT_TRUE(mentions(parsed.issues, words)) << weak.lines << '\n' << all_text(parsed.issues);
    ++told;
  }
  EXPECT_EQ(warnings(parsed.issues), told) << weak.lines << '\n' << all_text(parsed.issues);
}

const Weak everywhere[] = {
    {"", {}},
    {"data-ciphers AES-256-GCM", {}},
    {"auth SHA1", {}},  // nothing uses it
    {"auth none", {}},
    {"data-ciphers AES-256-CBC\nauth SHA256", {}},
    {"data-ciphers AES-256-CBC\nauth SHA1", {":9: SHA1 is an old digest"}},
    {"data-ciphers AES-256-CBC\nauth MD5", {":9: MD5 is an old digest"}},
    {"data-ciphers AES-256-GCM:AES-128-CBC",
     {":8: AES-128-CBC goes with the digest of \"auth\", which is unsaid here and therefore SHA1"}},
    {"data-ciphers AES-256-CBC\nauth none", {":9: with \"auth none\" anybody"}},
    {"data-ciphers AES-256-GCM:BF-CBC\nauth SHA256", {":8: BF-CBC is weak"}},
    {"data-ciphers BF-CBC:DES-EDE3-CBC\nauth SHA256",
     {":8: BF-CBC is weak", ":8: DES-EDE3-CBC is weak"}},
    {"auth SHA256\ndata-ciphers-fallback BF-CBC", {":9: BF-CBC is weak"}},
    {"auth SHA256\nreneg-bytes 0\nncp-ciphers BF-CBC",
     {"reneg-bytes says when keys change", "ncp-ciphers is the old name"}},
    {"data-ciphers none\nauth SHA256", {":8: with the cipher \"none\" everything"}},
    {"data-ciphers none\nauth none",
     {":8: with the cipher \"none\" everything", ":9: with \"auth none\" anybody"}},
    {"compat-mode 2.3.0\nauth SHA256", {":8: BF-CBC is weak", ":8: TLS 1.0 is old and accepted"}},
    {"cipher BF-CBC\ncompat-mode 2.3.9\nauth SHA256", {":8: BF-CBC is weak"}},
    {"tls-version-min 1.1", {":8: TLS 1.1 is old and accepted"}},
    {"tls-version-min 1.2", {}},
    {"cipher BF-CBC\nauth SHA256", {"'BF-CBC' is not in data-ciphers"}},  // not enabled
    {"tls-cert-profile insecure", {":8: certificates signed with SHA1 or MD5"}},
    {"tls-auth ta.key\nauth SHA1", {":9: SHA1 is an old digest"}},
};

TEST(WeakOptions, are_told_once_where_they_are_asked_for) {
  const std::string server(minimal_server);  // but for its last line
  for (const Weak& weak : everywhere) {
    expect_told(minimal_client, weak);
    expect_told(server.substr(0, server.rfind("explicit-exit-notify")), weak);
  }
}

// By default no weak cipher is on the list.
TEST(WeakOptions, are_not_enabled_by_anything_else) {
  for (const char* lines :
       {"", "cipher BF-CBC", "cipher none", "cipher DES-EDE3-CBC", "auth none"}) {
    for (const Config& config : {client_with(lines), server_with(lines)}) {
      EXPECT_EQ(config.channel.data_ciphers,
                (std::vector<std::string>{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"}));
      EXPECT_EQ(config.channel.data_ciphers_fallback, "") << lines;
    }
  }
}

// ---- static-key mode ----

const char* const pair_of_ends = "dev tun\nifconfig 10.7.0.1 10.7.0.2\nsecret static.key 1\n";

TEST(StaticKeyMode, is_told_to_be_deprecated_and_its_weak_ciphers_to_be_weak) {
  for (const Weak& weak : {
           Weak{"cipher AES-256-CBC\nauth SHA256", {":3: static-key mode is deprecated"}},
           Weak{"cipher AES-256-CBC\nauth SHA256\nallow-deprecated-insecure-static-crypto",
                {":3: static-key mode is deprecated"}},
           Weak{"auth SHA256", {":3: static-key mode", ":3: BF-CBC is weak"}},
           Weak{"cipher none\nauth SHA1",
                {":3: static-key mode", ":4: with the cipher \"none\"", ":5: SHA1 is an old"}},
       }) {
    expect_told(pair_of_ends, weak);
  }
  EXPECT_EQ(good(pair_of_ends).channel.cipher, "BF-CBC") << "as ever";
  EXPECT_EQ(good(pair_of_ends).connection.key_direction, 1);
  EXPECT_FALSE(mentions(read("--genkey secret x").issues, "deprecated"));
}

TEST(StaticKeyMode, refuses_what_belongs_to_tls) {
  for (const auto& [lines, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {"cipher AES-256-GCM", ":4: static-key mode cannot use AES-256-GCM"},
           {"cipher FOO", ":4: \"FOO\" is not a known cipher"},
           {"tls-client\nremote a", ":4: specify only one of --tls-server, --tls-client, or --sec"},
           {"ca ca.crt", ":4: it belongs to TLS"},
           {"tls-crypt ta.key", ":4: it belongs to TLS"},
       }) {
    const Parsed parsed = read_and_complete(std::string(pair_of_ends) + lines);
    EXPECT_FALSE(parsed.ok()) << lines;
    EXPECT_TRUE(mentions(parsed.issues, words)) << lines << '\n' << all_text(parsed.issues);
  }
}

}  // namespace
}  // namespace adit::options::testing
