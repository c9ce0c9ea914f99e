#include <gtest/gtest.h>

#include "tests/unit/lint/reading.h"

namespace adit::lint::testing {
namespace {

using options::Issue;

struct Ends {
  std::string server = good_server;
  std::string client = good_client;
};

Talk talk(const Ends& ends) {
  const auto found =
      compare(lint_text(ends.server, "server.conf"), lint_text(ends.client, "client.conf"));
  EXPECT_TRUE(found);
  return found.value_or(Talk());
}

bool parted(const Talk& talk, std::string_view words) {
  return has(talk.findings, Issue::Severity::error, words);
}

std::string without(std::string text, const std::string& line) {
  const auto at = text.find(line);
  EXPECT_NE(at, std::string::npos);
  return text.erase(at, line.size());
}

TEST(TalkOf, two_that_fit_is_possible_in_either_order) {
  EXPECT_TRUE(talk({}).possible());
  const auto other =
      compare(lint_text(good_client, "client.conf"), lint_text(good_server, "server.conf"));
  ASSERT_TRUE(other);
  EXPECT_TRUE(other->possible());
  EXPECT_EQ(other->server, "server.conf");
}

TEST(TalkOf, two_clients_is_none) {
  EXPECT_TRUE(parted(talk({good_client, good_client}), "a server and a client"));
}

TEST(TalkOf, a_key_on_one_side_only_names_the_line_that_is_missing) {
  Ends ends;
  ends.server = without(ends.server, "tls-crypt ta.key\n") + "tls-auth ta.key 0\n";
  ends.client = without(ends.client, "tls-crypt ta.key\n");
  EXPECT_TRUE(parted(talk(ends), "tls-auth ta.key 1")) << all_text(talk(ends).findings);
}

TEST(TalkOf, directions_must_be_each_others_mirror) {
  Ends ends;
  ends.server = without(ends.server, "tls-crypt ta.key\n") + "tls-auth ta.key 0\n";
  ends.client = without(ends.client, "tls-crypt ta.key\n") + "tls-auth ta.key 0\n";
  EXPECT_TRUE(parted(talk(ends), "directions of the key do not fit"));
  ends.client = without(ends.client, "tls-auth ta.key 0\n") + "tls-auth ta.key 1\n";
  EXPECT_TRUE(talk(ends).possible()) << all_text(talk(ends).findings);
}

TEST(TalkOf, port_and_protocol_must_fit_for_one_remote) {
  Ends ends;
  ends.server += "port 443\nproto tcp\n";
  EXPECT_TRUE(parted(talk(ends), "listens on TCP port 443"));
  ends.client += "remote vpn.example.com 443 tcp\n";
  EXPECT_TRUE(talk(ends).possible()) << all_text(talk(ends).findings);
}

TEST(TalkOf, ciphers_must_meet) {
  Ends ends;
  ends.server += "data-ciphers AES-256-GCM\n";
  ends.client += "data-ciphers AES-128-GCM\n";
  EXPECT_TRUE(parted(talk(ends), "no cipher is known to both"));
  ends.server += "data-ciphers-fallback AES-128-GCM\n";
  EXPECT_TRUE(talk(ends).possible());
}

TEST(TalkOf, digests_count_for_ciphers_that_need_one) {
  Ends ends;
  ends.server += "data-ciphers AES-256-CBC\nauth SHA256\n";
  ends.client += "data-ciphers AES-256-CBC\nauth SHA512\n";
  EXPECT_TRUE(parted(talk(ends), "AES-256-CBC needs one"));
}

TEST(TalkOf, compression_on_one_side_only) {
  Ends ends;
  ends.client += "comp-lzo\n";
  EXPECT_TRUE(parted(talk(ends), "frame packets in different ways"));
  ends.server += "compress migrate\n";
  EXPECT_TRUE(talk(ends).possible());
}

TEST(TalkOf, fragment_must_stand_at_both_ends) {
  Ends ends;
  ends.server += "fragment 1300\n";
  EXPECT_TRUE(parted(talk(ends), "\"fragment\" stands at the server only"));
  ends.client += "fragment 1300\n";
  EXPECT_TRUE(talk(ends).possible());
}

TEST(TalkOf, accounts) {
  Ends ends;
  ends.server += "script-security 2\nauth-user-pass-verify /bin/true via-file\n";
  EXPECT_TRUE(parted(talk(ends), "the client gives none"));
  ends.client += "auth-user-pass\n";
  EXPECT_TRUE(talk(ends).possible());
}

TEST(TalkOf, two_ends_without_a_server_mirror_their_addresses) {
  const std::string common = "dev tun\nsecret static.key\ncipher AES-256-CBC\n";
  const std::string one = common + "ifconfig 10.1.0.1 10.1.0.2\n";
  const std::string caller = common + "remote a\n";
  EXPECT_TRUE(talk({one, caller + "ifconfig 10.1.0.2 10.1.0.1\n"}).possible());
  EXPECT_TRUE(parted(talk({one, caller + "ifconfig 10.1.0.3 10.1.0.1\n"}), "each other's mirror"));
}

TEST(TalkOf, nothing_where_one_has_errors) {
  EXPECT_FALSE(compare(lint_text(good_server, "s"), lint_text("client\nnonsense\n", "c")));
}

}  // namespace
}  // namespace adit::lint::testing
