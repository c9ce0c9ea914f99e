#include "node/gate.h"

#include <gtest/gtest.h>

#include "session/control_wrap.h"
#include "tests/sim/seeded_rng.h"

namespace adit::node {
namespace {

using namespace std::chrono_literals;

class GateTest : public testing::Test {
 protected:
  Gate gate(const Wrapping& wrapping, unsigned resets = 100) {
    return {wrapping, rng, 60s, {resets, 10s}};
  }
  static Wrapping server_side(Wrapping::Kind kind) {
    Wrapping wrapping;
    wrapping.kind = kind;
    wrapping.tls_server = true;
    wrapping.direction = 0;
    sim::SeededRng keys(7);
    wrapping.key = crypto::StaticKey::generate(keys);
    return wrapping;
  }
  Buffer seal(const Wrapping& server, wire::Opcode opcode, const wire::ControlBody& body,
              std::uint32_t stamp = 1) {
    Wrapping client = server;
    client.tls_server = false;
    client.direction = 1;
    Buffer plain(256), out(512);
    const auto size = wire::encode_control_body(body, plain);
    out.resize(*client.make_cipher()->seal({opcode, 0}, client_id, {stamp, 1000},
                                           Bytes(plain).first(*size), out));
    return out;
  }
  Buffer reset(const Wrapping& server) {
    wire::ControlBody body;
    body.packet_id = 0;
    return seal(server, wire::Opcode::hard_reset_client_v2, body);
  }

  sim::SeededRng rng{3};
  wire::SessionId client_id = wire::SessionId::random(rng);
  ports::LinkAddress from{{*ip::Address::parse("203.0.113.2"), 40000, 0}, {}, 0};
  Instant now{1h};
  WallTime wall{1000};
};

TEST_F(GateTest, another_limit_and_another_key_count_from_now_on) {
  const Wrapping former = server_side(Wrapping::Kind::tls_auth);
  Wrapping fresh = server_side(Wrapping::Kind::tls_crypt);
  Gate here = gate(former, 1);
  const auto answered = [&](const Wrapping& by) {
    return std::holds_alternative<Gate::Reply>(here.meet(reset(by), from, now, wall));
  };
  EXPECT_TRUE(answered(former));
  EXPECT_FALSE(answered(former)) << "one in ten seconds";
  here.adopt(former, {100, 10s});
  EXPECT_TRUE(answered(former));
  here.adopt(fresh, {100, 10s});
  EXPECT_FALSE(answered(former));
  EXPECT_TRUE(answered(fresh));
}

TEST_F(GateTest, a_reset_is_answered_with_a_cookie_and_the_third_packet_enters) {
  for (const auto kind :
       {Wrapping::Kind::none, Wrapping::Kind::tls_auth, Wrapping::Kind::tls_crypt}) {
    const Wrapping wrapping = server_side(kind);
    Gate here = gate(wrapping);
    const Buffer first = reset(wrapping);
    auto verdict = here.meet(first, from, now, wall);
    auto* reply = std::get_if<Gate::Reply>(&verdict);
    ASSERT_NE(reply, nullptr);
    EXPECT_LE(reply->datagram.size(), first.size() + 12) << "no amplification to speak of";
    const auto cookie = wire::decode_control_head(reply->datagram)->session;
    wire::ControlBody body;
    body.acks.push(0);
    body.remote = cookie;
    body.packet_id = 1;
    const Buffer third = seal(wrapping, wire::Opcode::control_v1, body, 2);
    auto entered = here.meet(third, from, now + 1s, wall);
    auto* welcome = std::get_if<Gate::Welcome>(&entered);
    ASSERT_NE(welcome, nullptr);
    EXPECT_EQ(welcome->opening.own, cookie);
    EXPECT_EQ(welcome->opening.remote, client_id);
    ports::LinkAddress liar = from;
    liar.remote.port = 40001;
    EXPECT_TRUE(std::holds_alternative<Drop>(here.meet(third, liar, now + 1s, wall)));
    EXPECT_TRUE(std::holds_alternative<Drop>(here.meet(third, from, now + 700s, wall)));
  }
}

// A reset that was repeated gets two answers, and to a client the second must be no replay.
TEST_F(GateTest, answers_of_different_seconds_and_the_session_after_them_are_all_fresh) {
  const Wrapping wrapping = server_side(Wrapping::Kind::tls_crypt);
  Wrapping client = wrapping;
  client.tls_server = false;
  session::ControlWrap client_wrap(client.make_cipher(), wall);
  Gate here = gate(wrapping);
  wire::SessionId cookie;
  for (int i = 0; i < 2; ++i, now += 2s, wall.seconds += 2) {
    auto verdict = here.meet(reset(wrapping), from, now, wall);
    Buffer answer = std::get<Gate::Reply>(verdict).datagram;
    cookie = wire::decode_control_head(answer)->session;
    EXPECT_TRUE(
        std::holds_alternative<crypto::ControlCipher::Opened>(client_wrap.open(answer, now)));
  }
  wire::ControlBody body;
  body.acks.push(0);
  body.remote = cookie;
  body.packet_id = 1;
  wall.seconds -= 3600;  // somebody set the clock
  auto verdict = here.meet(seal(wrapping, wire::Opcode::control_v1, body, 2), from, now, wall);
  const auto& welcome = std::get<Gate::Welcome>(verdict);
  session::ControlWrap server_wrap(welcome.protection.cipher, welcome.opening.stamp_time,
                                   welcome.opening.first_stamp);
  Buffer packet(256), plain(64);
  plain.resize(*wire::encode_control_body(body, plain));
  packet.resize(*server_wrap.seal({wire::Opcode::control_v1, 0}, cookie, plain, packet));
  EXPECT_TRUE(std::holds_alternative<crypto::ControlCipher::Opened>(client_wrap.open(packet, now)));
}

TEST_F(GateTest, nothing_but_the_right_key_gets_an_answer) {
  const Wrapping wrapping = server_side(Wrapping::Kind::tls_crypt);
  Gate here = gate(wrapping);
  EXPECT_EQ(std::get<Drop>(here.meet(reset(server_side(Wrapping::Kind::none)), from, now, wall)),
            Drop::malformed);
  Buffer damaged = reset(wrapping);
  damaged.back() ^= 1;
  EXPECT_EQ(std::get<Drop>(here.meet(damaged, from, now, wall)), Drop::bad_tag);
}

TEST_F(GateTest, answers_are_limited_but_real_clients_give_theirs_back) {
  const Wrapping wrapping = server_side(Wrapping::Kind::none);
  Gate here = gate(wrapping, 2);
  EXPECT_TRUE(std::holds_alternative<Gate::Reply>(here.meet(reset(wrapping), from, now, wall)));
  EXPECT_TRUE(std::holds_alternative<Gate::Reply>(here.meet(reset(wrapping), from, now, wall)));
  EXPECT_EQ(std::get<Drop>(here.meet(reset(wrapping), from, now, wall)), Drop::queue_full);
  EXPECT_TRUE(
      std::holds_alternative<Gate::Reply>(here.meet(reset(wrapping), from, now + 11s, wall)));
}

TEST_F(GateTest, tls_crypt_v2_alone_refuses_unwrapped_clients) {
  Wrapping wrapping = server_side(Wrapping::Kind::none);
  wrapping.v2_server = crypto::TlsCryptV2ServerKey::generate(rng);
  Gate here = gate(wrapping);
  EXPECT_EQ(std::get<Drop>(here.meet(reset(wrapping), from, now, wall)), Drop::unknown_opcode);
}

}  // namespace
}  // namespace adit::node
