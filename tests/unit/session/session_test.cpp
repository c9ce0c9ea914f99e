// Two sessions joined by a perfect wire.

#include "session/session.h"

#include <gtest/gtest.h>

#include "session/association.h"
#include "session/negotiation.h"
#include "tests/sim/seeded_rng.h"
#include "tests/sim/toy_tls.h"

namespace adit::session {
namespace {

// What a node does with the events of one session, reduced to what these tests look at.
struct End {
  Setup setup;
  sim::ToyTlsFactory tls;
  std::unique_ptr<Session> session;
  std::vector<Event> seen;
  std::optional<crypto::DataKeyMaterial> keys[8];
  std::optional<std::uint8_t> send_key;
  Negotiated negotiated{.cipher = "AES-256-GCM", .auth = "SHA1", .key_export = true};
  bool admits = true;
  bool decides = true;

  End(bool server, Rng& rng) : tls(server, server ? "server" : "client1", rng) {
    setup.tls_server = server;
    setup.exchange = server ? Exchange::pushing : Exchange::pulling;
    setup.tls = &tls;
    setup.rng = &rng;
    setup.options = "V4,dev-type tun";
    if (!server) setup.peer_info = "IV_PROTO=990\nIV_CIPHERS=AES-256-GCM\n";
  }

  void handle(const Event& event, Instant now) {
    if (const auto* auth = std::get_if<AuthWanted>(&event); auth != nullptr && decides) {
      ASSERT_EQ(session->key_id(), auth->key_id);
      ASSERT_NE(session->tls(), nullptr);
      admits ? session->admit(auth->key_id, now) : session->refuse(auth->key_id, {}, now);
    }
    if (std::holds_alternative<Established>(event) && setup.exchange == Exchange::pushing) {
      session->configure(negotiated, now);
      session->push({"topology subnet", "peer-id 0"}, now);
    }
    if (std::holds_alternative<Pushed>(event)) session->configure(negotiated, now);
    if (const auto* ready = std::get_if<KeysReady>(&event)) keys[ready->key_id] = ready->material;
    if (const auto* retired = std::get_if<KeyRetired>(&event)) keys[retired->key_id].reset();
    if (const auto* send = std::get_if<SendKey>(&event)) send_key = send->key_id;
    seen.push_back(event);
  }

  template <typename T>
  int count() const {
    return static_cast<int>(std::ranges::count_if(
        seen, [](const Event& event) { return std::holds_alternative<T>(event); }));
  }
};

class Sessions : public testing::Test {
 protected:
  Sessions() { connect(crypto::make_plain_control(), crypto::make_plain_control()); }

  void connect(std::shared_ptr<crypto::ControlCipher> at_client,
               std::shared_ptr<crypto::ControlCipher> at_server) {
    const auto client_id = wire::SessionId::random(rng);
    client.session =
        std::make_unique<Session>(client.setup, Protection{std::move(at_client), key, {}},
                                  Opening{client_id, {}, wire::Opcode::hard_reset_client_v2}, now);
    server.session = std::make_unique<Session>(
        server.setup, Protection{std::move(at_server), key, {}},
        Opening{wire::SessionId::random(rng), {}, wire::Opcode::hard_reset_server_v2}, now);
  }

  bool exchange(End& from, End& to) {
    std::array<std::uint8_t, 2048> room;
    bool moved = false;
    while (const auto size = from.session->transmit(room, now)) {
      EXPECT_LE(*size, from.setup.datagram_limit);
      last_verdict = to.session->receive(MutableBytes(room).first(*size), now);
      moved = true;
    }
    return moved;
  }

  void settle() {
    for (bool moved = true; moved;) {
      moved = exchange(client, server);
      moved = exchange(server, client) || moved;
      for (End* end : {&client, &server}) {
        while (const auto event = end->session->event()) {
          end->handle(*event, now);
          moved = true;
        }
      }
    }
  }

  void run_for(Duration duration) {
    const Instant until = now + duration;
    settle();
    while (true) {
      const Instant next = std::min(client.session->deadline().at, server.session->deadline().at);
      if (next > until) break;
      now = std::max(now, next);
      client.session->tick(now);
      server.session->tick(now);
      settle();
    }
    now = until;
  }

  sim::SeededRng rng{1};
  crypto::StaticKey key = crypto::StaticKey::generate(rng);
  Instant now{std::chrono::hours(1)};
  End client{false, rng};
  End server{true, rng};
  Drop last_verdict = Drop::none;
};

TEST_F(Sessions, reach_equal_keys_over_a_perfect_wire) {
  settle();
  ASSERT_TRUE(client.keys[0]);
  ASSERT_TRUE(server.keys[0]);
  EXPECT_EQ(to_hex(client.keys[0]->bytes()), to_hex(server.keys[0]->bytes()));
  EXPECT_EQ(client.send_key, 0);
  EXPECT_EQ(server.send_key, 0);
  EXPECT_EQ(client.session->remote_id(), server.session->own_id());
}

TEST_F(Sessions, derive_equal_keys_with_the_prf_too) {
  client.negotiated.key_export = server.negotiated.key_export = false;
  settle();
  ASSERT_TRUE(client.keys[0] && server.keys[0]);
  EXPECT_EQ(to_hex(client.keys[0]->bytes()), to_hex(server.keys[0]->bytes()));
}

TEST_F(Sessions, work_with_every_wrapping) {
  const auto sha1 = *crypto::find_digest("SHA1");
  for (int kind = 0; kind < 3; ++kind) {
    client.keys[0].reset();
    if (kind == 0)
      connect(crypto::make_tls_auth(sha1, key, 1), crypto::make_tls_auth(sha1, key, 0));
    if (kind == 1) {
      connect(crypto::make_tls_auth(sha1, key, {}), crypto::make_tls_auth(sha1, key, {}));
    }
    if (kind == 2) connect(crypto::make_tls_crypt(key, false), crypto::make_tls_crypt(key, true));
    settle();
    EXPECT_TRUE(client.keys[0]) << kind;
  }
}

TEST_F(Sessions, renegotiate_in_both_directions_and_switch_without_a_gap) {
  settle();
  for (End* initiator : {&client, &server}) {
    const std::uint8_t old_key = *client.send_key;
    initiator->session->renegotiate(now);
    settle();
    const std::uint8_t new_key = wire::next_key_id(old_key);
    ASSERT_TRUE(client.keys[new_key] && server.keys[new_key]);
    EXPECT_EQ(to_hex(client.keys[new_key]->bytes()), to_hex(server.keys[new_key]->bytes()));
    run_for(61s);
    EXPECT_EQ(client.send_key, new_key);
    EXPECT_EQ(server.send_key, new_key);
    EXPECT_TRUE(client.keys[old_key]) << "still receives with the old key";
    run_for(3600s);
  }
}

TEST_F(Sessions, renegotiate_with_dynamic_tls_crypt) {
  client.negotiated.dyn_tls_crypt = server.negotiated.dyn_tls_crypt = true;
  connect(crypto::make_tls_crypt(key, false), crypto::make_tls_crypt(key, true));
  settle();
  server.session->renegotiate(now);
  settle();
  EXPECT_TRUE(client.keys[1] && server.keys[1]);
}

TEST_F(Sessions, renegotiate_by_themselves_every_hour) {
  settle();
  run_for(2h + 30min);
  EXPECT_GE(client.count<KeysReady>(), 3);
  EXPECT_EQ(client.count<Failed>(), 0);
  EXPECT_EQ(server.count<Failed>(), 0);
}

TEST_F(Sessions, wait_for_a_password_that_was_forgotten) {
  settle();
  client.session->await_credentials();
  server.session->renegotiate(now);
  settle();
  EXPECT_EQ(server.count<AuthWanted>(), 1);
  EXPECT_FALSE(client.keys[1] || server.keys[1]);
  client.session->give_credentials({"ann", SecretText("secret")}, now);
  settle();
  EXPECT_TRUE(client.keys[1] && server.keys[1]);
  const AuthWanted* wanted = nullptr;
  for (const Event& event : server.seen) {
    if (const auto* one = std::get_if<AuthWanted>(&event)) wanted = one;
  }
  ASSERT_NE(wanted, nullptr);
  EXPECT_EQ(wanted->username + wanted->password.reveal(), "annsecret");
}

TEST_F(Sessions, answer_simultaneous_soft_resets) {
  settle();
  client.session->renegotiate(now);
  server.session->renegotiate(now);
  settle();
  EXPECT_TRUE(client.keys[1] && server.keys[1]);
  EXPECT_EQ(client.session->key_id(), 1);
}

TEST_F(Sessions, keep_the_old_key_when_a_renegotiation_fails) {
  settle();
  server.tls.break_handshakes();
  client.session->renegotiate(now);
  run_for(61s);
  EXPECT_GE(client.count<Failed>(), 1);
  EXPECT_FALSE(client.session->failed());
  EXPECT_FALSE(server.session->failed());
  EXPECT_EQ(client.send_key, 0);
  run_for(3600s);
  EXPECT_TRUE(client.session->failed());
}

TEST_F(Sessions, ask_nobody_about_a_key_that_is_lost_at_once) {
  settle();
  client.tls.add_garbage();  // in the packet of its key method
  client.session->renegotiate(now);
  settle();
  EXPECT_EQ(server.count<AuthWanted>(), 1) << "of the first key";
  EXPECT_EQ(server.count<Failed>(), 1);
  EXPECT_FALSE(server.session->failed());
  EXPECT_EQ(server.session->key_id(), 0);
}

TEST_F(Sessions, wait_for_a_late_decision_about_a_renegotiation) {
  settle();
  server.decides = false;
  client.session->renegotiate(now);
  run_for(120s);
  EXPECT_EQ(server.count<Failed>(), 0);
  EXPECT_EQ(server.send_key, 0);
  EXPECT_EQ(client.send_key, 1);
  server.session->admit(1, now);
  run_for(61s);
  ASSERT_TRUE(client.keys[1] && server.keys[1]);
  EXPECT_EQ(to_hex(client.keys[1]->bytes()), to_hex(server.keys[1]->bytes()));
  EXPECT_EQ(server.send_key, 1);
}

TEST_F(Sessions, tell_a_late_refusal_of_a_renegotiation) {
  settle();
  server.decides = false;
  client.session->renegotiate(now);
  run_for(120s);
  server.session->refuse(1, "late", now);
  settle();
  const auto* said = std::get_if<MessageReceived>(&client.seen.back());
  ASSERT_NE(said, nullptr);
  EXPECT_EQ(said->message.kind, wire::MessageKind::auth_failed);
}

TEST_F(Sessions, end_when_nobody_decides_before_the_old_key_retires) {
  settle();
  server.decides = false;
  client.session->renegotiate(now);
  run_for(server.setup.tran_window + 1s);
  EXPECT_EQ(server.count<Failed>(), 1);
  EXPECT_TRUE(server.session->failed());
}

TEST_F(Sessions, fail_when_nobody_answers) {
  while (client.session->event()) {
  }
  now += 61s;
  client.session->tick(now);
  const auto event = client.session->event();
  ASSERT_TRUE(event && std::holds_alternative<Failed>(*event));
  EXPECT_EQ(std::get<Failed>(*event).reason, FailureReason::handshake_timeout);
  EXPECT_FALSE(std::get<Failed>(*event).answered);
}

TEST_F(Sessions, retransmit_after_2_4_and_8_seconds) {
  std::array<std::uint8_t, 2048> room;
  std::vector<int> sent;
  const Instant start = now;
  for (int second = 0; second < 20; ++second) {
    now = start + std::chrono::seconds(second);
    client.session->tick(now);
    while (client.session->transmit(room, now)) sent.push_back(second);
  }
  EXPECT_EQ(sent, (std::vector{0, 2, 6, 14}));
}

TEST_F(Sessions, drop_what_was_sent_to_another_session) {
  settle();
  std::array<std::uint8_t, 2048> room;
  client.session->renegotiate(now);
  const auto size = client.session->transmit(room, now);
  ASSERT_TRUE(size);
  room[1] ^= 1;  // another sender
  EXPECT_EQ(server.session->receive(MutableBytes(room).first(*size), now), Drop::unknown_peer);
}

TEST_F(Sessions, survive_their_process_by_a_snapshot) {
  client.negotiated.dyn_tls_crypt = server.negotiated.dyn_tls_crypt = true;
  connect(crypto::make_tls_crypt(key, false), crypto::make_tls_crypt(key, true));
  settle();
  const auto bytes = server.session->snapshot(now)->encode();
  const auto snapshot = SessionSnapshot::decode(bytes);
  ASSERT_TRUE(snapshot);
  server.keys[0].reset();
  server.session = std::make_unique<Session>(
      server.setup, Protection{crypto::make_tls_crypt(key, true), key, {}}, *snapshot, now);
  run_for(1s);
  ASSERT_TRUE(server.keys[0]);
  EXPECT_EQ(to_hex(client.keys[0]->bytes()), to_hex(server.keys[0]->bytes()));
  ASSERT_TRUE(server.keys[1] && client.keys[1]) << "renegotiates at once";
  EXPECT_EQ(to_hex(client.keys[1]->bytes()), to_hex(server.keys[1]->bytes()));
}

TEST_F(Sessions, snapshot_refuses_damage) {
  settle();
  Buffer bytes = client.session->snapshot(now)->encode();
  EXPECT_TRUE(SessionSnapshot::decode(bytes));
  for (std::size_t cut = 0; cut < bytes.size(); cut += 7) {
    EXPECT_FALSE(SessionSnapshot::decode(Bytes(bytes).first(cut)));
  }
}

TEST_F(Sessions, a_consent_after_a_refusal_comes_too_late) {
  server.admits = false;
  settle();
  ASSERT_EQ(server.count<AuthWanted>(), 1);
  server.session->admit(0, now);
  settle();
  EXPECT_EQ(server.count<Established>(), 0);
}

TEST_F(Sessions, carry_text_messages_after_the_handshake) {
  settle();
  server.session->send_message("RESTART,[N]", now);
  settle();
  bool seen = false;
  for (const Event& event : client.seen) {
    const auto* message = std::get_if<MessageReceived>(&event);
    seen = seen || (message != nullptr && message->message.kind == wire::MessageKind::restart);
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace adit::session
