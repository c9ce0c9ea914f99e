#include "proxy/http_dialogue.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/sim/seeded_rng.h"

namespace adit::proxy {
namespace {

using State = Dialogue::State;
using Method = HttpSettings::Method;

constexpr std::string_view refused = "HTTP/1.1 407 Proxy Authentication Required\r\n";

HttpSettings by(Method method) {
  HttpSettings settings;
  settings.method = method;
  return settings;
}

HttpSettings as_asked(bool clear_passwords = true) {
  HttpSettings settings;
  settings.automatic = true;
  settings.clear_passwords = clear_passwords;
  return settings;
}

class Http : public ::testing::Test {
 protected:
  void start(HttpSettings settings) {
    settings.host = "vpn.example.net";
    settings.port = "1194";
    dialogue.emplace(std::move(settings), rng, WallTime{1795679020});
  }
  std::string begin() {
    dialogue->begin();
    return dialogue->take_output();
  }
  std::size_t hear(std::string_view text) { return dialogue->take(as_bytes(text)); }
  std::string refuse_with(std::string_view headers) {
    static_cast<void>(hear(std::string(refused) + std::string(headers) + "\r\n"));
    return dialogue->take_output();
  }
  std::string last_line() {
    const auto lines = dialogue->take_lines();
    return lines.empty() ? "" : lines.back().text;
  }
  static Credentials ann() { return {"user", SecretText("pass word")}; }

  sim::SeededRng rng{1};
  std::optional<HttpDialogue> dialogue;
};

TEST_F(Http, asks_for_the_server_and_takes_no_byte_of_its_own) {
  start({});
  EXPECT_FALSE(dialogue->needs_credentials());
  EXPECT_EQ(begin(), "CONNECT vpn.example.net:1194 HTTP/1.0\r\nHost: vpn.example.net\r\n\r\n");
  EXPECT_EQ(hear("HTTP/1.1 200 OK\r\nVia: "), 22U);
  EXPECT_EQ(dialogue->state(), State::talking);
  EXPECT_EQ(hear("x\r\n\r\nserver"), 5U);
  EXPECT_EQ(dialogue->state(), State::through);
}

TEST_F(Http, says_what_it_was_told_to_say) {
  HttpSettings settings;
  settings.version = "1.1";
  settings.user_agent = "agent/1";
  settings.headers = {"X-A: b", "host: other"};
  start(settings);
  EXPECT_EQ(begin(),
            "CONNECT vpn.example.net:1194 HTTP/1.1\r\nX-A: b\r\nhost: other\r\n"
            "User-Agent: agent/1\r\n\r\n");
}

TEST_F(Http, sends_a_password_plainly_where_that_is_asked_for) {
  start(by(Method::basic));
  EXPECT_TRUE(dialogue->needs_credentials());
  dialogue->give(ann());
  EXPECT_NE(begin().find("\r\nProxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n\r\n"),
            std::string::npos);
  for (const Line& line : dialogue->take_lines()) {
    EXPECT_EQ(line.text.find("dXNl"), std::string::npos);
  }
  refuse_with("Proxy-Authenticate: Basic realm=\"x\"\r\n");
  EXPECT_EQ(dialogue->state(), State::failed);
}

// The answers are those of stock 2.6.14 to the same challenge.
TEST_F(Http, answers_a_digest_challenge_over_a_new_connection) {
  struct Case {
    const char* parameters;
    const char* client_nonce;
    const char* answer;
  };
  for (const auto& [parameters, nonce, answer] :
       {Case{R"(realm="re alm",nonce="abcdef")", "TnvKbfw3G10=",
             R"(username="user", realm="re alm", nonce="abcdef", uri="vpn.example.net:1194", )"
             R"(qop=auth, nc=00000001, cnonce="TnvKbfw3G10=", )"
             R"(response="f0a15395300d070658bf5519c936c2c5")"},
        Case{R"(realm="re alm", nonce="abcdef", opaque="op,q", algorithm=MD5-sess, )"
             R"(qop="auth,auth-int")",
             "ldXGoQ5BXtk=",
             R"(username="user", realm="re alm", nonce="abcdef", uri="vpn.example.net:1194", )"
             R"(qop=auth, nc=00000001, cnonce="ldXGoQ5BXtk=", )"
             R"(response="d865effc8535cf47347735d046e38793", opaque="op,q")"}}) {
    const auto challenge = DigestChallenge::parse(parameters);
    ASSERT_TRUE(challenge);
    EXPECT_EQ(answer_digest(*challenge, ann(), "CONNECT", "vpn.example.net:1194", nonce), answer);
  }
  start(as_asked());
  static_cast<void>(begin());
  refuse_with("proxy-authenticate: Digest realm=\"r\",nonce=\"n\"\r\n");
  EXPECT_EQ(dialogue->state(), State::again);
  EXPECT_TRUE(dialogue->needs_credentials());
  dialogue->give(ann());
  EXPECT_NE(begin().find("\r\nProxy-Authorization: Digest username=\"user\", realm=\"r\""),
            std::string::npos);
  refuse_with("Proxy-Authenticate: Digest realm=\"r\",nonce=\"m\"\r\n");
  EXPECT_EQ(dialogue->state(), State::failed) << "a wrong password is not sent for ever";
}

TEST_F(Http, gives_a_stale_nonce_a_few_more_chances) {
  start(as_asked());
  dialogue->give(ann());
  unsigned connections = 0;
  do {
    static_cast<void>(begin());
    refuse_with("Proxy-Authenticate: Digest realm=\"r\",nonce=\"n\",stale=true\r\n");
    ++connections;
  } while (dialogue->state() == State::again && connections < 100);
  EXPECT_EQ(dialogue->state(), State::failed);
  EXPECT_EQ(connections, 4U);
}

TEST_F(Http, sends_no_plain_password_when_told_so) {
  start(as_asked(false));
  static_cast<void>(begin());
  refuse_with("Proxy-Authenticate: Basic realm=\"x\"\r\n");
  EXPECT_EQ(dialogue->state(), State::failed);
  EXPECT_EQ(
      last_line(),
      "HTTP proxy: support for basic auth and other cleartext proxy auth methods is disabled");
  start(as_asked(false));
  static_cast<void>(begin());
  refuse_with(
      "Proxy-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Digest realm=\"x\", "
      "nonce=\"y\"\r\n");
  EXPECT_EQ(dialogue->state(), State::again) << "the other one will do";
}

TEST_F(Http, speaks_ntlm_on_one_connection_past_the_page_of_the_refusal) {
  start(by(Method::ntlm2));
  dialogue->give({"DOM\\user", SecretText("SecREt01")});
  EXPECT_NE(begin().find("Proxy-Connection: Keep-Alive\r\nProxy-Authorization: NTLM "
                         "TlRMTVNTUAABAAAAAgIAAA==\r\n\r\n"),
            std::string::npos);
  refuse_with(
      "Proxy-Authenticate: NTLM "
      "TlRMTVNTUAACAAAABgAGADAAAAACAoAAASNFZ4mrze8AAAAAAAAAACQAJAA2AAAARG9tYWluAgAMAEQAbwBtAGEA"
      "aQBuAAEADABTAGUAcgB2AGUAcgAAAAAA\r\nContent-Length: 6\r\n");
  EXPECT_EQ(dialogue->state(), State::talking);
  EXPECT_EQ(hear("<html>"), 6U);
  EXPECT_NE(dialogue->take_output().find("\r\nProxy-Authorization: NTLM TlRMTVNTUAADAAAA"),
            std::string::npos);
  static_cast<void>(hear("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_EQ(dialogue->state(), State::through);
}

TEST_F(Http, tells_why_there_is_no_way) {
  struct Case {
    HttpSettings settings;
    std::string answer;
    std::string why;
  };
  const std::string head(refused);
  for (const auto& [settings, answer, why] :
       {Case{{}, "HTTP/1.1 503 no\r\n", "HTTP proxy returned bad status"},
        Case{{}, "garbage\r\n", "HTTP proxy returned bad status"},
        Case{{}, "HTTP/1.1\r\n", "HTTP proxy returned bad status"},
        Case{{}, head, "HTTP proxy: no support for proxy authentication method"},
        Case{as_asked(), head + "X: y\r\n\r\n",
             "HTTP proxy: do not recognize the authentication method required by proxy"},
        Case{as_asked(), head + "Proxy-Authenticate: Digest realm=\"x\"\r\n\r\n",
             "HTTP proxy: digest auth failed, malformed response from server: realm= or nonce= "
             "missing"},
        Case{{}, std::string(100000, 'x'), "The HTTP proxy's answer is longer than any should be"},
        Case{as_asked(), head + std::string(4000, '\n').insert(0, "a: b"),
             "HTTP proxy: do not recognize the authentication method required by proxy"}}) {
    start(settings);
    static_cast<void>(begin());
    static_cast<void>(hear(answer));
    EXPECT_EQ(dialogue->state(), State::failed) << answer.substr(0, 100);
    EXPECT_EQ(last_line(), why);
  }
}

TEST_F(Http, names_the_way_it_was_lost) {
  start({});
  static_cast<void>(begin());
  dialogue->lost(Dialogue::Loss::silent);
  EXPECT_EQ(last_line(), "recv_line: TCP port read timeout expired");
  EXPECT_EQ(dialogue->state(), State::failed);
}

}  // namespace
}  // namespace adit::proxy
