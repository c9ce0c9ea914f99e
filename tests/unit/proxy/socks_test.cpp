#include <array>

#include <gtest/gtest.h>

#include "proxy/socks_dialogue.h"
#include "proxy/socks_header.h"

namespace adit::proxy {
namespace {

using State = Dialogue::State;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

struct Talk {
  explicit Talk(SocksSettings settings) : dialogue(std::move(settings)) {}
  std::string begin() {
    dialogue.begin();
    return dialogue.take_output();
  }
  std::string hear(const std::string& text) {
    taken = dialogue.take(as_bytes(text));
    return dialogue.take_output();
  }
  std::string last_line() {
    const auto lines = dialogue.take_lines();
    return lines.empty() ? "" : lines.back().text;
  }
  SocksDialogue dialogue;
  std::size_t taken = 0;
};

const SocksSettings plain{"vpn.example.net", 1194, false, false};

TEST(Socks, asks_for_the_server_by_its_name) {
  Talk talk(plain);
  EXPECT_FALSE(talk.dialogue.needs_credentials());
  EXPECT_EQ(talk.begin(), bytes({5, 1, 0}));
  EXPECT_EQ(talk.hear(bytes({5, 0})),
            bytes({5, 1, 0, 3, 15}) + "vpn.example.net" + bytes({4, 0xaa}));
  EXPECT_EQ(talk.hear(bytes({5, 0, 0, 1, 1, 2, 3})), "");
  EXPECT_EQ(talk.dialogue.state(), State::talking);
  EXPECT_EQ(talk.hear(bytes({4, 5, 6}) + "server"), "");
  EXPECT_EQ(talk.taken, 3U) << "what follows is the server's";
  EXPECT_EQ(talk.dialogue.state(), State::through);
}

TEST(Socks, says_who_it_is) {
  SocksSettings settings = plain;
  settings.authenticates = true;
  Talk talk(settings);
  EXPECT_TRUE(talk.dialogue.needs_credentials());
  talk.dialogue.give({"user", SecretText("pass word")});
  EXPECT_EQ(talk.begin(), bytes({5, 1, 2}));
  EXPECT_EQ(talk.hear(bytes({5, 2})), bytes({1, 4}) + "user" + bytes({9}) + "pass word");
  EXPECT_EQ(talk.hear(bytes({1, 0})).substr(0, 4), bytes({5, 1, 0, 3}));
  EXPECT_EQ(talk.hear(bytes({5, 0, 0, 3, 3}) + "abc" + bytes({0, 0})), "");
  EXPECT_EQ(talk.dialogue.state(), State::through);
}

TEST(Socks, is_told_where_the_relay_is) {
  Talk talk({{}, 0, true, false});
  static_cast<void>(talk.begin());
  EXPECT_EQ(talk.hear(bytes({5, 0})), bytes({5, 3, 0, 1, 0, 0, 0, 0, 0, 0}));
  static_cast<void>(talk.hear(bytes({5, 0, 0, 1, 127, 0, 0, 1, 0x12, 0x34})));
  ASSERT_TRUE(talk.dialogue.relay());
  EXPECT_EQ(talk.dialogue.relay()->text(), "127.0.0.1:4660");
}

TEST(Socks, tells_why_there_is_no_way) {
  struct Case {
    std::vector<std::string> answers;
    const char* why;
    bool authenticates = false;
  };
  for (const auto& [answers, why, authenticates] :
       {Case{{bytes({4, 0})}, "socks_handshake: Socks proxy returned bad status"},
        Case{{bytes({5, 2})}, "socks_handshake: Socks proxy returned unexpected auth"},
        Case{{bytes({5, 0})}, "socks_handshake: Socks proxy returned unexpected auth", true},
        Case{{bytes({5, 255})}, "socks_handshake: Socks proxy returned unexpected auth"},
        Case{{bytes({5, 2}), bytes({1, 1})},
             "socks_username_password_auth: server refused the authentication",
             true},
        Case{{bytes({5, 0}), bytes({5, 5, 0, 1, 0, 0, 0, 0, 0, 0})},
             "recv_socks_reply: Socks proxy returned bad reply"},
        Case{{bytes({5, 0}), bytes({5, 0, 0, 9, 0})},
             "recv_socks_reply: Socks proxy returned bad address type"}}) {
    SocksSettings settings = plain;
    settings.authenticates = authenticates;
    Talk talk(settings);
    if (authenticates) talk.dialogue.give({"a", SecretText("b")});
    static_cast<void>(talk.begin());
    for (const std::string& answer : answers) static_cast<void>(talk.hear(answer));
    EXPECT_EQ(talk.dialogue.state(), State::failed) << why;
    EXPECT_EQ(talk.last_line(), why);
  }
}

TEST(Socks, sends_no_name_that_does_not_fit) {
  Talk talk({std::string(256, 'x'), 1, false, false});
  EXPECT_EQ(talk.begin(), "");
  EXPECT_EQ(talk.dialogue.state(), State::failed);
}

TEST(Socks, names_the_step_that_was_lost) {
  Talk talk(plain);
  static_cast<void>(talk.begin());
  talk.dialogue.lost(Dialogue::Loss::closed);
  EXPECT_EQ(talk.last_line(), "socks_handshake: TCP port read failed on recv()");
  Talk later(plain);
  static_cast<void>(later.begin());
  static_cast<void>(later.hear(bytes({5, 0})));
  later.dialogue.lost(Dialogue::Loss::closed);
  EXPECT_EQ(later.last_line(), "ERROR: recv_socks_reply: empty response from socks server");
}

TEST(SocksHeader, goes_on_and_off) {
  std::array<std::uint8_t, 64> memory{};
  Packet packet(memory, 32, 0);
  std::copy_n("hello", 5, packet.append(5));
  const ip::Endpoint server{*ip::Address::parse("192.0.2.7"), 1194, 0};
  put_socks_header(packet, server);
  EXPECT_EQ(to_hex(packet.bytes().first(socks_header_bytes)), "00000001c000020704aa");
  EXPECT_EQ(take_socks_header(packet), server);
  EXPECT_EQ(as_text(packet.bytes()), "hello");
  EXPECT_FALSE(take_socks_header(packet)) << "too short";
  put_socks_header(packet, server);
  packet.data()[2] = 1;
  EXPECT_FALSE(take_socks_header(packet)) << "a fragment";
  EXPECT_EQ(packet.size(), 15U);
}

}  // namespace
}  // namespace adit::proxy
