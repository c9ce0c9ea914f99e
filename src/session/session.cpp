// Lifecycle of a session: datagrams in, datagrams out, deadlines. What they carry is handled in
// session_exchange.cpp; keys and renegotiation in session_keys.cpp.

#include "session/session.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "crypto/tls_crypt_v2.h"
#include "wire/early_negotiation.h"

namespace adit::session {

using wire::Opcode;

Session::Session(const Setup& setup, Protection protection, const Opening& opening, Instant now)
    : setup_(setup),
      protection_(std::move(protection)),
      own_(opening.own),
      remote_(opening.remote),
      wrap_(protection_.cipher, opening.stamp_time, opening.first_stamp) {
  primary_.emplace(setup_, std::uint8_t{0}, now);
  if (opening.reset) {
    primary_->reliable().queue(*opening.reset, {});
  } else {
    // Both resets were exchanged in the stateless stage.
    primary_->reliable().restore({.next_send = 1, .next_expected = 1});
  }
}

Drop Session::receive(MutableBytes datagram, Instant now) {
  const auto head = wire::decode_control_head(datagram);
  if (!head) return Drop::malformed;
  if (remote_.defined() && head->session != remote_) return Drop::unknown_peer;
  if (wire::carries_wkc(head->head.opcode)) {
    const auto wkc = crypto::wkc_length(datagram);
    if (!wkc) return Drop::malformed;
    datagram = datagram.first(datagram.size() - *wkc);
  }
  auto result = wrap_for(head->head.key_id).open(datagram, now);
  if (const Drop* drop = std::get_if<Drop>(&result)) return *drop;
  const auto& opened = std::get<crypto::ControlCipher::Opened>(result);
  const auto body = wire::decode_control_body(opened.head.opcode, opened.body);
  if (!body) return Drop::malformed;
  if (!body->acks.empty() && body->remote != own_) return Drop::unknown_peer;
  const Drop verdict = dispatch(opened, *body, now);
  if (verdict == Drop::none) work(now);
  return verdict;
}

Drop Session::dispatch(const crypto::ControlCipher::Opened& opened, const wire::ControlBody& body,
                       Instant now) {
  const Opcode opcode = opened.head.opcode;
  if (wire::is_hard_reset(opcode)) {
    const bool from_server = opcode == Opcode::hard_reset_server_v2;
    if (from_server == setup_.tls_server) return Drop::unknown_opcode;
    if (body.packet_id != 0u) return Drop::malformed;
    // A client may believe only a reset that answers its own.
    if (!remote_.defined() && !setup_.tls_server && body.acks.empty()) return Drop::unknown_peer;
  }
  if (!remote_.defined()) {
    if (!wire::is_hard_reset(opcode)) return Drop::unknown_peer;
    remote_ = opened.session;
  }
  answered_ = true;
  if (opcode == Opcode::soft_reset_v1 && primary_ &&
      primary_->stage() == KeyState::Stage::generated &&
      opened.head.key_id == wire::next_key_id(last_key_id_)) {
    begin_renegotiation(true, now);
  }
  if (!primary_ || opened.head.key_id != primary_->key_id()) return Drop::no_key;
  Reliable& reliable = primary_->reliable();
  reliable.acknowledge(body.acks.ids());
  if (!body.packet_id) return Drop::none;
  switch (reliable.receive(*body.packet_id, opcode, body.payload)) {
    case Reliable::Receipt::fresh:
      if (*body.packet_id == 0) {
        reliable.burst(now);
        take_reset(body);
      }
      return Drop::none;
    case Reliable::Receipt::duplicate:
      return Drop::none;
    case Reliable::Receipt::beyond_window:
      return Drop::queue_full;
  }
  return Drop::none;
}

// Only the server's hard reset carries something: what it asks for.
void Session::take_reset(const wire::ControlBody& body) {
  if (setup_.tls_server || protection_.wkc.empty()) return;
  const auto asked = wire::decode_early_negotiation(body.payload);
  resend_wkc_ = asked && asked->resend_wkc;
}

void Session::tick(Instant now) {
  check_deadlines(now);
  work(now);
}

void Session::work(Instant now) {
  if (!primary_ || failed_) return;
  primary_->feed();
  primary_->advance();
  exchange_keys(now);
  if (!primary_) return;
  flush_messages();
  const std::size_t wkc = protection_.wkc.size();
  primary_->drain(chunk_size(primary_->key_id(), 0),
                  {resend_wkc_ && primary_->key_id() == 0, chunk_size(primary_->key_id(), wkc)});
  primary_->advance();
  if (primary_->stage() == KeyState::Stage::active) on_active(now);
  choose_send_key(now);
}

std::size_t Session::chunk_size(std::uint8_t key_id, std::size_t extra) {
  constexpr std::size_t least = 16;
  const std::size_t taken = wire::control_head_bytes + wrap_for(key_id).overhead() +
                            wire::control_body_overhead(Reliable::acks_in_other_packets, true) +
                            extra;
  return setup_.datagram_limit > taken + least ? setup_.datagram_limit - taken : least;
}

std::optional<std::size_t> Session::transmit(MutableBytes room, Instant now) {
  if (!primary_) return std::nullopt;
  Reliable& reliable = primary_->reliable();
  if (const auto due = reliable.take_due(now)) {
    return encode(*primary_, due->opcode, due->id, due->payload, room);
  }
  if (reliable.acks_pending() && remote_.defined()) {
    return encode(*primary_, Opcode::ack_v1, std::nullopt, {}, room);
  }
  return std::nullopt;
}

std::optional<std::size_t> Session::encode(KeyState& key, Opcode opcode,
                                           std::optional<std::uint32_t> id, Bytes payload,
                                           MutableBytes room) {
  std::array<std::uint8_t, 4096> plain;
  wire::ControlBody body;
  // Without wrapping, some servers stumble over more than four acknowledgements.
  const bool many = opcode == Opcode::ack_v1 && !wrap_.is_plain();
  if (remote_.defined()) {
    body.acks = key.reliable().take_acks(many ? Reliable::acks_in_ack_packet
                                              : Reliable::acks_in_other_packets);
  }
  body.remote = remote_;
  body.packet_id = id;
  body.payload = payload;
  const auto plain_size = wire::encode_control_body(body, plain);
  if (!plain_size) return std::nullopt;
  const bool with_wkc = wire::carries_wkc(opcode);
  if (with_wkc && room.size() < protection_.wkc.size()) return std::nullopt;
  const auto size = wrap_for(key.key_id())
                        .seal({opcode, key.key_id()}, own_, Bytes(plain).first(*plain_size),
                              room.first(room.size() - (with_wkc ? protection_.wkc.size() : 0)));
  if (!size || !with_wkc) return size;
  std::ranges::copy(protection_.wkc, room.begin() + static_cast<std::ptrdiff_t>(*size));
  return *size + protection_.wkc.size();
}

std::optional<Event> Session::event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.erase(events_.begin());
  if (events_.empty()) events_.shrink_to_fit();
  return event;
}

Deadline Session::deadline() const {
  if (failed_) return {};
  Deadline next = push_requests_.deadline();
  next = earlier(next, {decide_by_, "decision"});
  if (primary_) {
    next = earlier(next, primary_->reliable().deadline());
    if (primary_->stage() == KeyState::Stage::generated) {
      next = earlier(next, renewal_.deadline());
      if (send_key_ != primary_->key_id())
        next = earlier(next, {primary_->prefer_from, "send-key"});
      next = earlier(next, {primary_->retire_at, "key-expires"});
    } else if (primary_->stage() != KeyState::Stage::active) {
      next = earlier(next, {primary_->negotiate_by, "hand-window"});
    }
  }
  if (retiring_) next = earlier(next, {retiring_->retire_at, "retire-key"});
  return next;
}

void Session::check_deadlines(Instant now) {
  if (retiring_ && retiring_->retire_at <= now) {
    events_.push_back(KeyRetired{retiring_->key_id()});
    retiring_.reset();
  }
  if (!primary_ || failed_) return;
  const KeyState::Stage stage = primary_->stage();
  if (stage == KeyState::Stage::generated) {
    if (primary_->retire_at <= now) return fail(FailureReason::key_expired, now);
    if (renewal_.due(now)) renegotiate(now);
    return;
  }
  if (decide_by_ <= now) return fail(FailureReason::no_decision, now);
  if (push_requests_.given_up(now)) return fail(FailureReason::no_push_reply, now);
  if (push_requests_.request_due(now)) send_message("PUSH_REQUEST", now);
  if (stage != KeyState::Stage::active && primary_->negotiate_by <= now) {
    fail(FailureReason::handshake_timeout, now);
  }
}

// The key state under negotiation is lost; an older one may carry on.
void Session::fail(FailureReason reason, Instant now) {
  Failed event{reason, {}, false, answered_, false};
  if (primary_ && primary_->tls() != nullptr) {
    event.tls = primary_->tls()->failure();
    event.secured = primary_->tls()->state() == tls::TlsEngine::State::established;
  }
  const bool renegotiating = retiring_ && retiring_->retire_at > now;
  if (renegotiating) {
    fall_back();
    event.alive = true;
  } else {
    failed_ = true;
    if (primary_) primary_->fail();
  }
  decide_by_ = Instant::max();
  events_.push_back(std::move(event));
}

// The old key goes on until its time is up; the next attempt takes a key id of its own. Nobody is
// to decide any more about the one that is lost.
void Session::fall_back() {
  std::erase_if(events_, [this](const Event& event) {
    const auto* wanted = std::get_if<AuthWanted>(&event);
    return wanted != nullptr && primary_ && wanted->key_id == primary_->key_id();
  });
  if (primary_ && primary_->has_material) events_.push_back(KeyRetired{primary_->key_id()});
  primary_.reset();
  if (retiring_) primary_.emplace(std::move(*retiring_));
  retiring_.reset();
  renewal_.stop();
}

}  // namespace adit::session
