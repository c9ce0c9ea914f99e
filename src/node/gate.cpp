#include "node/gate.h"

#include <algorithm>
#include <array>

#include "wire/early_negotiation.h"

namespace adit::node {

using wire::Opcode;

bool RateLimit::allow(Instant now) {
  if (now >= since_ + period_ || since_ == Instant::min()) {
    since_ = now;
    used_ = 0;
  }
  if (most_ > 0 && used_ >= most_) return false;
  ++used_;
  return true;
}

Gate::Gate(const Wrapping& wrapping, Rng& rng, Duration hand_window, const RateLimit& resets)
    : wrapping_(wrapping),
      rng_(rng),
      cipher_(wrapping.make_cipher()),
      cookie_(rng, hand_window),
      resets_(resets) {}

void Gate::adopt(const Wrapping& wrapping, const RateLimit& resets) {
  wrapping_ = wrapping;
  cipher_ = wrapping.make_cipher();
  resets_ = resets;
}

session::Protection Gate::protection_with(const std::optional<crypto::StaticKey>& v2_key) const {
  if (v2_key) return {crypto::make_tls_crypt(*v2_key, true), *v2_key, {}};
  session::Protection protection{cipher_, {}, {}};
  if (wrapping_.kind != Wrapping::Kind::none) protection.key = wrapping_.key;
  return protection;
}

// Authenticates a copy; replay cannot be checked without state.
std::variant<Drop, Gate::Looked> Gate::look(Bytes datagram) {
  const auto head = wire::decode_control_head(datagram);
  if (!head) return Drop::malformed;
  if (head->head.key_id != 0) return Drop::no_key;
  Looked looked;
  if (wire::carries_wkc(head->head.opcode)) {
    if (!wrapping_.v2_server) return Drop::unknown_opcode;
    const auto length = crypto::wkc_length(datagram);
    if (!length) return Drop::malformed;
    const auto client = wrapping_.v2_server->unwrap(datagram.last(*length));
    if (!client) return Drop::bad_tag;
    looked.protection = protection_with(client->key);
    looked.metadata = client->metadata;
    datagram = datagram.first(datagram.size() - *length);
  } else {
    if (wrapping_.only_v2()) return Drop::unknown_opcode;
    looked.protection = protection_with({});
  }
  scratch_.assign(datagram.begin(), datagram.end());
  auto result = looked.protection.cipher->open(scratch_);
  if (const Drop* drop = std::get_if<Drop>(&result)) return *drop;
  looked.opened = std::get<crypto::ControlCipher::Opened>(result);
  const auto body = wire::decode_control_body(looked.opened.head.opcode, looked.opened.body);
  if (!body) return Drop::malformed;
  looked.body = *body;
  return looked;
}

// A client whose reset is answered twice takes the second answer for a replay unless it bears a
// later time (stock logs an error), and a session's packets must not bear an earlier one than the
// answer.
Gate::Verdict Gate::meet(Bytes datagram, const ports::LinkAddress& from, Instant now,
                         WallTime wall) {
  stamp_time_ = std::max(stamp_time_, wall);
  if (datagram.empty()) return Drop::malformed;
  const auto head = wire::parse_head(datagram[0]);
  if (!head || wire::is_data(head->opcode) || head->opcode == Opcode::soft_reset_v1 ||
      head->opcode == Opcode::hard_reset_server_v2) {
    return Drop::unknown_peer;
  }
  auto result = look(datagram);
  if (const Drop* drop = std::get_if<Drop>(&result)) return *drop;
  const Looked& looked = std::get<Looked>(result);
  if (wire::is_client_reset(head->opcode)) return answer_reset(looked, from, now);
  return check_cookie(looked, from, now);
}

Gate::Verdict Gate::answer_reset(const Looked& looked, const ports::LinkAddress& from,
                                 Instant now) {
  if (looked.body.packet_id != 0u) return Drop::malformed;
  if (!resets_.allow(now)) return Drop::queue_full;
  const bool v2 = looked.opened.head.opcode == Opcode::hard_reset_client_v3;
  const bool can_resend =
      looked.opened.stamp && wire::marks_early_negotiation(looked.opened.stamp->id);
  if (v2 && !can_resend) {
    // Such a client sends its wrapped key only once: state is needed now.
    if (wrapping_.force_cookie) return Drop::blocked;
    return Welcome{looked.protection,
                   {.own = wire::SessionId::random(rng_),
                    .remote = {},
                    .reset = Opcode::hard_reset_server_v2,
                    .first_stamp = wire::early_negotiation_start + 1,
                    .stamp_time = stamp_time_},
                   looked.metadata};
  }
  const Buffer tlv = wire::encode_early_negotiation({.resend_wkc = v2});
  wire::ControlBody body;
  body.acks.push(0);
  body.remote = looked.opened.session;
  body.packet_id = 0;
  body.payload = tlv;
  std::array<std::uint8_t, 128> plain;
  Buffer reply(256);
  const auto plain_size = wire::encode_control_body(body, plain);
  const wire::SessionId cookie = cookie_.make(from.remote, looked.opened.session, now);
  const auto size = looked.protection.cipher->seal(
      {Opcode::hard_reset_server_v2, 0}, cookie,
      {1, static_cast<std::uint32_t>(stamp_time_.seconds)}, Bytes(plain).first(*plain_size), reply);
  if (!size) return Drop::too_big;
  reply.resize(*size);
  return Reply{std::move(reply)};
}

Gate::Verdict Gate::check_cookie(const Looked& looked, const ports::LinkAddress& from,
                                 Instant now) {
  if (looked.body.acks.empty()) return Drop::unknown_peer;
  for (const std::uint32_t id : looked.body.acks.ids()) {
    if (id > 1) return Drop::unknown_peer;
  }
  if (looked.body.packet_id.value_or(0) > 1) return Drop::unknown_peer;
  if (!cookie_.verify(looked.body.remote, from.remote, looked.opened.session, now)) {
    return Drop::unknown_peer;
  }
  resets_.give_back();
  return Welcome{looked.protection,
                 {.own = looked.body.remote,
                  .remote = looked.opened.session,
                  .reset = {},
                  .first_stamp = 2,
                  .stamp_time = stamp_time_},
                 looked.metadata};
}

Gate::Verdict Gate::meet_reset(Bytes datagram, WallTime wall) {
  stamp_time_ = std::max(stamp_time_, wall);
  const auto head = wire::decode_control_head(datagram);
  if (!head || !wire::is_client_reset(head->head.opcode)) return Drop::unknown_peer;
  auto result = look(datagram);
  if (const Drop* drop = std::get_if<Drop>(&result)) return *drop;
  Looked& looked = std::get<Looked>(result);
  const bool v2 = head->head.opcode == Opcode::hard_reset_client_v3;
  return Welcome{std::move(looked.protection),
                 {.own = wire::SessionId::random(rng_),
                  .remote = {},
                  .reset = Opcode::hard_reset_server_v2,
                  .first_stamp = v2 ? wire::early_negotiation_start + 1 : 1,
                  .stamp_time = stamp_time_},
                 std::move(looked.metadata)};
}

}  // namespace adit::node
