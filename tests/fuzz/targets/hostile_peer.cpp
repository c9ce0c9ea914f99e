// A session whose peer does as it likes: it knows the keys, it may send any control packet and any
// message inside TLS, at any time. The session must stay within its bounds and always know when it
// wants to be woken.
//
//   role | steps

#include <algorithm>
#include <deque>

#include "session/session.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"
#include "tests/sim/seeded_rng.h"

namespace adit::fuzz {

namespace {

using namespace std::chrono_literals;
using session::Session;

// What the TLS engines of the session under test will do.
struct Script {
  bool broken = false;
  std::size_t output = 0;
  std::deque<Buffer> messages;
};

class ScriptedTls final : public tls::TlsEngine {
 public:
  explicit ScriptedTls(Script& script) : script_(script) {}
  void receive(Bytes) override { established_ = true; }
  std::size_t transmit(MutableBytes room) override {
    const std::size_t count = std::min(room.size(), script_.output);
    script_.output -= count;
    return count;
  }
  bool has_output() const override { return script_.output > 0; }
  State state() const override {
    if (script_.broken) return State::failed;
    return established_ ? State::established : State::handshaking;
  }
  bool write(Bytes plaintext) override {
    if (state() != State::established) return false;
    script_.output += plaintext.size();
    return true;
  }
  std::optional<Buffer> read() override {
    if (state() != State::established || script_.messages.empty()) return std::nullopt;
    Buffer message = std::move(script_.messages.front());
    script_.messages.pop_front();
    return message;
  }
  bool export_key(std::string_view, MutableBytes) override { return state() == State::established; }
  const tls::PeerIdentity& peer() const override { return peer_; }
  const tls::TlsFailure& failure() const override { return failure_; }
  std::string description() const override { return "scripted"; }

 private:
  Script& script_;
  bool established_ = false;
  tls::PeerIdentity peer_;
  tls::TlsFailure failure_;
};

class ScriptedTlsFactory final : public tls::TlsFactory {
 public:
  explicit ScriptedTlsFactory(Script& script) : script_(script) {}
  std::unique_ptr<tls::TlsEngine> make() override { return std::make_unique<ScriptedTls>(script_); }

 private:
  Script& script_;
};

class Trial {
 public:
  Trial(std::size_t role, Input& input) : input_(input) {
    using session::Exchange;
    setup_.tls_server = role != 0;
    setup_.exchange = role == 0   ? Exchange::pulling
                      : role == 1 ? Exchange::pushing
                                  : Exchange::point_to_point;
    setup_.tls = &tls_;
    setup_.rng = &rng_;
    setup_.reneg = setup_.reneg_min = 100s;
    setup_.tran_window = 70s;
    setup_.options = "V4,dev-type tun";
    setup_.peer_info = "IV_VER=2.6.14\n";
    const bool stateless = setup_.tls_server;
    session_ = std::make_unique<Session>(
        setup_, protection(),
        session::Opening{
            .own = own_,
            .remote = stateless ? remote_ : wire::SessionId{},
            .reset = stateless ? std::nullopt : std::optional(wire::Opcode::hard_reset_client_v2),
            .stamp_time = epoch_wall},
        now_);
  }

  void step() {
    const std::size_t what = input_.below(16);
    switch (what) {
      case 0:
      case 1:
      case 2:
      case 3:
        send_packet();
        break;
      case 4:
        receive(to_buffer(input_.piece()));
        break;
      case 5:
        script_.messages.push_back(to_buffer(input_.piece()));
        break;
      case 6:
        script_.messages.push_back(key_method());
        break;
      case 7:
        script_.output += input_.u16() % 5000;
        break;
      case 8:
        now_ += input_.u8() * 100ms;
        break;
      case 9:
        now_ = std::max(now_, std::min(session_->deadline().at, now_ + 1h));
        break;
      case 10:
        session_->renegotiate(now_);
        break;
      case 11:
        session_->note_usage({input_.u64(), input_.u64(), input_.flag()}, now_);
        break;
      case 12:
        session_->send_message(as_text(input_.piece()), now_);
        break;
      case 13:
        session_->extend_wait(now_, input_.u8() * 1s);
        break;
      case 14:
        carry_over();
        break;
      default:
        script_.broken = input_.below(4) == 0;
        break;
    }
    session_->tick(now_);
    settle();
  }

 private:
  [[nodiscard]] session::Protection protection() const {
    return {crypto::make_plain_control(), static_key(), {}};
  }

  void receive(Buffer datagram) { static_cast<void>(session_->receive(datagram, now_)); }

  void send_packet() {
    const auto head = wire::parse_head(input_.u8());
    if (!head || wire::is_data(head->opcode)) return;
    const std::uint8_t shape = input_.u8();
    wire::ControlBody body;
    body.remote = (shape & 1) != 0 ? remote_ : own_;
    for (unsigned acks = (shape >> 1) & 3u; acks > 0; --acks) body.acks.push(input_.u8());
    if (head->opcode != wire::Opcode::ack_v1) {
      const bool in_order = (shape & 8) != 0;
      body.packet_id = in_order ? next_[head->key_id]++ : input_.u8();
      if ((shape & 16) != 0) next_[head->key_id] = *body.packet_id + 1;
    }
    body.payload = (shape & 32) != 0 ? input_.piece() : Bytes();
    Buffer plain(4096);
    const auto size = wire::encode_control_body(body, plain);
    if (!size) return;
    Buffer datagram(wire::control_head_bytes + *size);
    ADIT_ASSERT(crypto::make_plain_control()->seal(*head, remote_, {}, Bytes(plain).first(*size),
                                                   datagram) == datagram.size());
    receive(std::move(datagram));
  }

  Buffer key_method() {
    wire::KeyMethod2 message;
    message.options = "V4,cipher AES-256-GCM";
    message.username = as_text(input_.piece());
    message.peer_info = input_.flag() ? "IV_PROTO=990\nIV_CIPHERS=AES-256-GCM\n" : "";
    return wire::encode_key_method2(message, setup_.tls_server).value_or(Buffer{});
  }

  void carry_over() {
    const auto snapshot = session_->snapshot(now_);
    if (!snapshot) return;
    const auto decoded = session::SessionSnapshot::decode(snapshot->encode());
    ADIT_ASSERT(decoded && decoded->encode() == snapshot->encode());
    session_ = std::make_unique<Session>(setup_, protection(), *decoded, now_);
  }

  // Events answered, datagrams taken; whatever comes, it comes to an end.
  void settle() {
    constexpr int most_rounds = 5000;
    int rounds = 0;
    while (auto event = session_->event()) {
      ADIT_ASSERT(++rounds < most_rounds);
      answer(*event);
    }
    Buffer room(1600);
    while (const auto size = session_->transmit(room, now_)) {
      ADIT_ASSERT(++rounds < most_rounds);
      ADIT_ASSERT(*size <= setup_.datagram_limit);
    }
    if (!session_->failed()) ADIT_ASSERT(session_->deadline().at != Instant::max());
  }

  void answer(const session::Event& event) {
    const session::Negotiated agreed{.cipher = "AES-256-GCM",
                                     .auth = "SHA1",
                                     .key_export = (rng_.number() & 1) != 0,
                                     .dyn_tls_crypt = (rng_.number() & 1) != 0};
    if (const auto* wanted = std::get_if<session::AuthWanted>(&event)) {
      const std::size_t decision = input_.below(4);
      if (decision == 0) return session_->refuse(wanted->key_id, wanted->username, now_);
      if (decision < 3) session_->admit(wanted->key_id, now_);
    } else if (std::holds_alternative<session::Established>(event)) {
      if (setup_.exchange != session::Exchange::pulling) session_->configure(agreed, now_);
    } else if (const auto* pushed = std::get_if<session::Pushed>(&event)) {
      ADIT_ASSERT(pushed->options.size() <= 4096);
      session_->configure(agreed, now_);
    } else if (const auto* message = std::get_if<session::MessageReceived>(&event)) {
      ADIT_ASSERT(
          std::ranges::all_of(message->message.text, [](char c) { return c >= ' ' && c <= '~'; }));
    }
  }

  Input& input_;
  sim::SeededRng rng_{9};
  Script script_;
  ScriptedTlsFactory tls_{script_};
  session::Setup setup_;
  wire::SessionId own_ = wire::SessionId::from(as_bytes("own-side"));
  wire::SessionId remote_ = wire::SessionId::from(as_bytes("far-side"));
  std::unique_ptr<Session> session_;
  std::array<std::uint32_t, wire::key_id_count> next_{};
  Instant now_ = start_of_time;
};

}  // namespace

void try_input(Bytes bytes) {
  constexpr int most_steps = 400;
  Input input(bytes);
  const std::size_t role = input.below(3);
  Trial trial(role, input);
  for (int i = 0; i < most_steps && !input.empty(); ++i) trial.step();
}

}  // namespace adit::fuzz
