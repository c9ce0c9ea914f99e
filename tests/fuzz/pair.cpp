#include "tests/fuzz/pair.h"

#include <algorithm>

#include "base/assert.h"

namespace adit::fuzz {

namespace {

using namespace std::chrono_literals;
using session::Session;

constexpr std::size_t datagram_limit = 1222;

node::Wrapping wrapping_for(sim::Wrap wrap, bool server) {
  node::Wrapping made = sim::shared_wrapping(wrap, server, static_key());
  if (wrap != sim::Wrap::tls_crypt_v2) return made;
  if (server) {
    made.v2_server = v2_server_key();
  } else {
    made.v2_client = v2_client_key();
  }
  return made;
}

}  // namespace

// ---- either end ----

End::End(const PairTerms& terms, bool server, sim::SeededRng& rng)
    : terms_(terms),
      rng_(rng),
      tls_(server, server ? "server" : "client", rng),
      wrapping_(wrapping_for(terms.wrap, server)) {
  setup_.tls_server = server;
  setup_.exchange = server ? session::Exchange::pushing : session::Exchange::pulling;
  setup_.tls = &tls_;
  setup_.rng = &rng;
  setup_.reneg = 120s;
  setup_.reneg_min = 100s;
  setup_.tran_window = 60s;
  setup_.datagram_limit = datagram_limit;
  setup_.options = "V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4";
  if (!server) setup_.peer_info = "IV_VER=2.6.14\nIV_PROTO=990\n";
}

void End::turn(Instant now, std::vector<Buffer>& out) {
  constexpr int most_rounds = 20;
  if (leave_at_ <= now) forget();
  if (!association_) start(now);
  for (int round = 0; association_; ++round) {
    ADIT_ASSERT(round < most_rounds);  // otherwise it does not come to rest
    association_->tick(now);
    while (association_) {
      auto happening = association_->happening();
      if (!happening) break;
      take(*happening, now);
    }
    if (!association_) return;
    collect(out, now);
    if (deadline() > now) break;
  }
  if (!association_) return;
  if (!session().failed()) ADIT_ASSERT(deadline() != Instant::max());
}

void End::collect(std::vector<Buffer>& out, Instant now) {
  constexpr int most_at_once = 100;
  Buffer room(1600);
  int count = 0;
  while (const auto size = association_->transmit(room, now)) {
    ADIT_ASSERT(++count <= most_at_once);
    check_datagram(Bytes(room).first(*size));
    out.emplace_back(room.begin(), room.begin() + static_cast<long>(*size));
  }
}

// A control datagram keeps to its limit, and no two of a session carry the same stamp.
void End::check_datagram(Bytes datagram) {
  ADIT_ASSERT(datagram.size() <= datagram_limit);
  const auto head = wire::decode_control_head(datagram);
  ADIT_ASSERT(head.has_value());
  const bool dynamic = head->head.key_id > 0 && terms_.agreed.dyn_tls_crypt;
  if (!dynamic && terms_.wrap == sim::Wrap::plain) return;
  const std::size_t digest = !dynamic && terms_.wrap == sim::Wrap::tls_auth ? 20 : 0;
  const std::uint32_t stamp = load_u32(&datagram[wire::control_head_bytes + digest]);
  std::uint32_t& last = stamps_[{head->session, dynamic}];
  ADIT_ASSERT(stamp > last);
  last = stamp;
}

Instant End::deadline() const {
  return association_ ? std::min(association_->deadline().at, leave_at_) : Instant::max();
}

void End::renegotiate(Instant now) {
  if (association_) association_->active().renegotiate(now);
}

void End::wear_out(Instant now) {
  if (association_) association_->active().note_usage({.limit_near = true}, now);
}

void End::say(const std::string& text, Instant now) {
  if (!association_) return;
  said.insert(text);
  association_->active().send_message(text, now);
}

std::optional<std::uint8_t> End::send_key() const {
  if (!association_ || !session().established() || session().failed()) return std::nullopt;
  return send_key_;
}

void End::forget() {
  association_.reset();
  keys_.clear();
  send_key_.reset();
  leave_at_ = Instant::max();
}

void End::leave_soon(Instant now) { leave_at_ = std::min(leave_at_, now + 5s); }

void End::answer_key_events(const session::Association::Happening& happening) {
  if (happening.newcomer) return;
  if (happening.replaced) {
    keys_.clear();
    send_key_.reset();
  }
  if (const auto* ready = std::get_if<session::KeysReady>(&happening.event)) {
    check_key(*happening.session, *ready);
    keys_[ready->key_id] = to_buffer(ready->material.bytes());
  } else if (const auto* send = std::get_if<session::SendKey>(&happening.event)) {
    ADIT_ASSERT(keys_.contains(send->key_id));
    send_key_ = send->key_id;
  } else if (const auto* retired = std::get_if<session::KeyRetired>(&happening.event)) {
    keys_.erase(retired->key_id);
  } else if (const auto* message = std::get_if<session::MessageReceived>(&happening.event)) {
    const std::string& text = message->message.text;
    if (message->message.kind != wire::MessageKind::info) return;
    ADIT_ASSERT(other->said.contains(text));
    heard_.insert(text);
  }
}

// A key is never made twice, and never differs from the other end's of the same name.
void End::check_key(const Session& session, const session::KeysReady& ready) {
  const Buffer material = to_buffer(ready.material.bytes());
  const bool known = materials_.contains(material);  // a session taken over tells its keys again
  ADIT_ASSERT(!known || !keys_.contains(ready.key_id) || keys_.at(ready.key_id) == material);
  materials_.insert(material);
  if (!other->has_session() || other->session().own_id() != session.remote_id() ||
      other->session().remote_id() != session.own_id()) {
    return;
  }
  const auto theirs = other->keys().find(ready.key_id);
  ADIT_ASSERT(theirs == other->keys().end() || theirs->second == material);
}

// ---- client ----

void ClientEnd::start(Instant now) {
  if (start_at_ > now) return;
  start_at_ = now + 1s;
  association_ = std::make_unique<session::Association>(std::make_unique<Session>(
      setup_, wrapping_.client_protection(),
      session::Opening{.own = wire::SessionId::random(rng_),
                       .remote = {},
                       .reset = wrapping_.v2_client ? wire::Opcode::hard_reset_client_v3
                                                    : wire::Opcode::hard_reset_client_v2,
                       .first_stamp = wrapping_.v2_client ? 0x0f000001u : 1u,
                       .stamp_time = epoch_wall},
      now));
}

void ClientEnd::receive(Buffer datagram, Instant now) {
  if (association_) static_cast<void>(association_->receive(datagram, now));
}

void ClientEnd::take(session::Association::Happening& happening, Instant now) {
  answer_key_events(happening);
  Session& session = *happening.session;
  if (std::holds_alternative<session::Pushed>(happening.event)) {
    session.configure(terms_.agreed, now);
  } else if (const auto* failed = std::get_if<session::Failed>(&happening.event)) {
    if (!failed->alive) forget();
  } else if (const auto* message = std::get_if<session::MessageReceived>(&happening.event)) {
    if (message->message.kind == wire::MessageKind::auth_failed) forget();
  }
}

// ---- server ----

ServerEnd::ServerEnd(const PairTerms& terms, sim::SeededRng& rng) : End(terms, true, rng) {
  crash();
}

void ServerEnd::crash() {
  forget();
  questions_.clear();
  gate_ = std::make_unique<node::Gate>(wrapping_, rng_, setup_.hand_window, node::RateLimit(0, 1s));
}

void ServerEnd::receive(Buffer datagram, Instant now) {
  ports::LinkAddress from;
  from.remote = {ip::Address::v4(0xCB007101), 40000, 0};
  if (association_) {
    if (association_->receive(datagram, now) != Drop::unknown_peer) return;
    auto verdict = gate_->meet_reset(datagram, epoch_wall);
    if (auto* welcome = std::get_if<node::Gate::Welcome>(&verdict)) {
      begin(std::move(*welcome), datagram, now);
    }
    return;
  }
  auto verdict = gate_->meet(datagram, from, now, epoch_wall);
  if (auto* welcome = std::get_if<node::Gate::Welcome>(&verdict)) {
    begin(std::move(*welcome), datagram, now);
  } else if (auto* reply = std::get_if<node::Gate::Reply>(&verdict)) {
    reply_ = std::move(reply->datagram);
  }
}

void ServerEnd::begin(node::Gate::Welcome welcome, MutableBytes datagram, Instant now) {
  auto fresh = std::make_unique<Session>(setup_, welcome.protection, welcome.opening, now);
  if (fresh->receive(datagram, now) != Drop::none) return;
  // Whoever shows a cookie again, after its session was forgotten, gets the same session id.
  for (const bool dynamic : {false, true}) stamps_.erase({fresh->own_id(), dynamic});
  protection_ = std::move(welcome.protection);
  if (association_) {
    association_->start_newcomer(std::move(fresh));
  } else {
    association_ = std::make_unique<session::Association>(std::move(fresh));
  }
}

void ServerEnd::take(session::Association::Happening& happening, Instant now) {
  answer_key_events(happening);
  Session& session = *happening.session;
  if (const auto* wanted = std::get_if<session::AuthWanted>(&happening.event)) {
    questions_.push_back({session.own_id(), wanted->key_id});
    if (!terms_.decides_late) decide(true, now);
  } else if (std::holds_alternative<session::Established>(happening.event)) {
    session.configure(terms_.agreed, now);
    if (session.push_requested()) push(session, now);
  } else if (const auto* message = std::get_if<session::MessageReceived>(&happening.event)) {
    const bool asked = message->message.kind == wire::MessageKind::push_request;
    if (asked && session.configured()) push(session, now);
  } else if (const auto* failed = std::get_if<session::Failed>(&happening.event)) {
    if (happening.newcomer) {
      association_->drop_newcomer();
    } else if (!failed->alive) {
      forget();
    }
  }
}

void ServerEnd::push(Session& session, Instant now) {
  session.push({"topology subnet", "ping 10", "peer-id 1", "cipher AES-256-GCM"}, now);
}

void ServerEnd::decide(bool admitted, Instant now) {
  for (const Question& question : std::exchange(questions_, {})) {
    if (!association_) return;
    for (Session* session : {&association_->active(), association_->newcomer()}) {
      if (session == nullptr || session->own_id() != question.session) continue;
      if (admitted) {
        session->admit(question.key_id, now);
      } else {
        session->refuse(question.key_id, "no", now);
        if (session == &association_->active()) leave_soon(now);
      }
    }
  }
}

// To another process: its keys, its gate and whatever it was negotiating are new or gone.
void ServerEnd::hand_over(Instant now) {
  if (!association_) return crash();
  const auto snapshot = session().snapshot(now);
  crash();
  if (!snapshot) return;
  const auto carried = session::SessionSnapshot::decode(snapshot->encode());
  ADIT_ASSERT(carried.has_value());
  association_ = std::make_unique<session::Association>(
      std::make_unique<Session>(setup_, protection_, *carried, now));
}

}  // namespace adit::fuzz
