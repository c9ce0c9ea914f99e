// Strangers at the gate: datagrams of any kind from several addresses. It forgets everybody: a gate
// that has seen nothing answers the same; what it answers is small; and it lets in only who shows
// the cookie that was given to this address not long ago, or who cannot be asked to.
//
//   wrapping | steps: address, seconds passed, what: any bytes, or a wrapped packet

#include "node/gate.h"

#include <algorithm>

#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"
#include "tests/sim/seeded_rng.h"
#include "wire/early_negotiation.h"

namespace adit::fuzz {

namespace {

using node::Gate;
using node::Wrapping;
constexpr std::size_t largest_reply = 128;
constexpr Duration hand_window = std::chrono::seconds(60);
constexpr Duration cookie_life = std::chrono::seconds(600);  // its slot of 300 s and one more

Wrapping wrapping(std::size_t choice) {
  Wrapping made;
  made.tls_server = true;
  made.key = static_key();
  made.direction = 0;
  if (choice == 1) made.kind = Wrapping::Kind::tls_auth;
  if (choice == 2 || choice == 4) made.kind = Wrapping::Kind::tls_crypt;
  if (choice >= 3) made.v2_server = v2_server_key();
  made.force_cookie = choice == 5;
  return made;
}

struct Cookie {
  std::size_t address;
  wire::SessionId client;
  wire::SessionId value;
  Instant given;
};

class Visit {
 public:
  Visit(std::size_t choice, Input& input) : wrapping_(wrapping(choice)), input_(input) {
    Wrapping client = wrapping_;
    client.tls_server = false;
    client.direction = 1;
    client_cipher_ = client.make_cipher();
    v2_cipher_ = crypto::make_tls_crypt(v2_client_key().key, false);
  }

  void step() {
    address_ = input_.below(4);
    now_ += std::chrono::seconds(input_.u8());
    const Buffer datagram = input_.flag() ? to_buffer(input_.piece()) : wrapped();
    const Gate::Verdict verdict = gate_.meet(datagram, from(), now_, wall());
    Gate forgetful = make_gate();
    expect_same(verdict, forgetful.meet(datagram, from(), now_, wall()));
    judge(verdict, datagram);
    static_cast<void>(gate_.meet_reset(datagram, wall()));
  }

 private:
  [[nodiscard]] Gate make_gate() {
    rng_ = sim::SeededRng(7);  // the same key for cookies
    return {wrapping_, rng_, hand_window, node::RateLimit(0, hand_window)};
  }

  [[nodiscard]] WallTime wall() const {
    return {epoch_wall.seconds + whole_seconds(now_) - whole_seconds(start_of_time)};
  }

  [[nodiscard]] ports::LinkAddress from() const {
    const auto number = static_cast<std::uint32_t>(address_ / 2);
    ports::LinkAddress address;
    address.remote = {ip::Address::v4(0xCB007100u + number),
                      static_cast<std::uint16_t>(1000 + address_ % 2), 0};
    return address;
  }

  // A packet as a client might send it, with a wrapped key that is good, bad or missing.
  Buffer wrapped() {
    const auto head = wire::parse_head(input_.u8()).value_or(wire::Head{});
    wire::SessionId client;
    client.value = {1, 2, 3, 4, 5, 6, 7, static_cast<std::uint8_t>(8 + input_.below(4))};
    const crypto::Stamp stamp{(input_.flag() ? wire::early_negotiation_start : 0u) + input_.u8(),
                              static_cast<std::uint32_t>(epoch_wall.seconds)};
    const Buffer body = input_.flag() ? to_buffer(input_.piece()) : body_with_cookie(head.opcode);
    crypto::ControlCipher& cipher = input_.flag() ? *v2_cipher_ : *client_cipher_;
    Buffer datagram(wire::control_head_bytes + cipher.overhead() + body.size());
    ADIT_ASSERT(cipher.seal(head, client, stamp, body, datagram) == datagram.size());
    if (wire::carries_wkc(head.opcode)) append_key(datagram);
    return datagram;
  }

  void append_key(Buffer& datagram) {
    Buffer wkc = v2_client_key().wrapped;
    if (input_.flag()) damage(wkc, input_);
    datagram.insert(datagram.end(), wkc.begin(), wkc.end());
  }

  Buffer body_with_cookie(wire::Opcode opcode) {
    wire::ControlBody body;
    if (!cookies_.empty() && input_.flag()) {
      body.remote = input_.pick(cookies_).value;
      for (std::size_t acks = input_.below(3); acks > 0; --acks) body.acks.push(input_.u8() % 3);
    }
    if (opcode != wire::Opcode::ack_v1) body.packet_id = input_.below(3);
    Buffer bytes(64);
    bytes.resize(*wire::encode_control_body(body, bytes));
    return bytes;
  }

  static void expect_same(const Gate::Verdict& a, const Gate::Verdict& b) {
    ADIT_ASSERT(a.index() == b.index());
    if (const Drop* drop = std::get_if<Drop>(&a)) ADIT_ASSERT(*drop == std::get<Drop>(b));
    if (const auto* reply = std::get_if<Gate::Reply>(&a)) {
      ADIT_ASSERT(same(reply->datagram, std::get<Gate::Reply>(b).datagram));
    }
  }

  void judge(const Gate::Verdict& verdict, Bytes datagram) {
    if (const auto* reply = std::get_if<Gate::Reply>(&verdict)) return note(*reply, datagram);
    const auto* welcome = std::get_if<Gate::Welcome>(&verdict);
    if (welcome == nullptr) return;
    ADIT_ASSERT(welcome->protection.cipher && welcome->opening.own.defined());
    if (welcome->opening.reset) {  // its wrapped key comes only once
      ADIT_ASSERT(wrapping_.v2_server && !wrapping_.force_cookie);
      return;
    }
    const auto shown = [&](const Cookie& cookie) {
      return cookie.address == address_ && cookie.client == welcome->opening.remote &&
             same(cookie.value.bytes(), welcome->opening.own.bytes()) &&
             now_ <= cookie.given + cookie_life;
    };
    ADIT_ASSERT(std::ranges::any_of(cookies_, shown));
  }

  void note(const Gate::Reply& reply, Bytes datagram) {
    ADIT_ASSERT(reply.datagram.size() <= largest_reply);
    const auto head = wire::decode_control_head(reply.datagram);
    ADIT_ASSERT(head && head->head.opcode == wire::Opcode::hard_reset_server_v2);
    const auto client = wire::decode_control_head(datagram);
    ADIT_ASSERT(client && wire::is_client_reset(client->head.opcode));
    cookies_.push_back({address_, client->session, head->session, now_});
  }

  Wrapping wrapping_;
  Input& input_;
  sim::SeededRng rng_{7};
  Gate gate_ = make_gate();
  std::unique_ptr<crypto::ControlCipher> v2_cipher_;
  std::shared_ptr<crypto::ControlCipher> client_cipher_;
  std::vector<Cookie> cookies_;
  std::size_t address_ = 0;
  Instant now_ = start_of_time;
};

}  // namespace

void try_input(Bytes bytes) {
  constexpr int most_steps = 40;
  Input input(bytes);
  const std::size_t choice = input.below(6);
  Visit visit(choice, input);
  for (int i = 0; i < most_steps && !input.empty(); ++i) visit.step();
}

}  // namespace adit::fuzz
