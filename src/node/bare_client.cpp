#include "node/bare_client.h"

#include <algorithm>

#include "base/text.h"
#include "ip/inner_packet.h"
#include "options/pushed.h"
#include "wire/compression.h"
#include "wire/data_header.h"
#include "wire/fragment.h"
#include "wire/inside_message.h"

namespace adit::node {

namespace {

constexpr std::size_t front_room = 128;
constexpr std::size_t back_room = 64;
constexpr std::ptrdiff_t most_waiting = 32;  // answers: a server asks for many sizes at once
constexpr std::size_t most_to_send = 256, most_kept = 512;  // packets inside

std::string failure_words(const session::Failed& failed) {
  using session::FailureReason;
  switch (failed.reason) {
    case FailureReason::handshake_timeout:
      if (!failed.answered) return "no answer from the server";
      return failed.secured ? "the server fell silent after TLS" : "handshake timed out";
    case FailureReason::no_push_reply:
      return "no PUSH_REPLY";
    case FailureReason::tls:
      return failed.tls.lines.empty() ? "TLS error" : failed.tls.lines.front();
    case FailureReason::key_expired:
      return "the last key expired";
    case FailureReason::no_decision:
    case FailureReason::bad_key_method:
    case FailureReason::no_key_material:
    case FailureReason::refused:
      break;
  }
  return "key exchange failed";
}

}  // namespace

BareClient::BareClient(const ClientSetup& setup, const session::Credentials& credentials, Rng& rng,
                       Instant now, WallTime wall)
    : setup_(setup), rng_(rng), compression_(setup.config.channel.compression), now_(now) {
  memory_.credentials = credentials;
  session_ = call_peer(setup, memory_, rng, now, wall);
}

void BareClient::receive(MutableBytes datagram, Instant now) {
  now_ = now;
  if (phase_ == Phase::ended) return;
  const auto header = wire::decode_data_header(datagram);
  if (header) {
    take_data(header->key_id, datagram);
  } else {
    take_control(datagram);
  }
  serve();
}

void BareClient::take_control(MutableBytes datagram) {
  const Drop drop = session_->receive(datagram, now_);
  if (drop == Drop::none) {
    last_received_ = now_;
    answered_ = true;
  } else if (drop == Drop::bad_tag || drop == Drop::malformed) {
    ++unreadable_;
  }
}

void BareClient::take_data(std::uint8_t key_id, MutableBytes datagram) {
  crypto::Opener* opener = keys_[key_id].opener.get();
  if (opener == nullptr) return;
  Packet packet(datagram, 0, datagram.size());
  crypto::Opening opening{.packet = &packet};
  opener->open({&opening, 1}, now_);
  if (opening.verdict != Drop::none) return;
  last_received_ = now_;
  take_payload(packet);
}

// Pings need no answer; questions get one; user traffic has nowhere to go.
void BareClient::take_payload(Packet& packet) {
  if (setup_.mtu.fragment) {
    if (packet.size() < wire::fragment_header_bytes) return;
    const auto header = wire::decode_fragment_header(load_u32(packet.data()));
    if (!header || header->type != wire::FragmentHeader::Type::whole) return;
    packet.drop_front(wire::fragment_header_bytes);
  }
  std::array<std::uint8_t, most_datagram_bytes> unpacked;
  const MutableBytes room =
      options::compresses(compression_) ? MutableBytes(unpacked) : MutableBytes();
  if (wire::unframe(framing_of(compression_), packet, room) != Drop::none) return;
  const auto question = wire::decode_occ(packet.bytes());
  if (!question) return keep(packet.bytes());
  if (question->type == static_cast<std::uint8_t>(wire::OccType::exit)) {
    return end("the server ended the session");
  }
  auto answer = answer_inside(*question, setup_.session.options);
  if (answer) answer_first(std::move(*answer));
}

// Before the packets of users: the server takes the time.
void BareClient::answer_first(Buffer answer) {
  if (answers_ >= most_waiting) return;
  payloads_.insert(payloads_.begin() + answers_, std::move(answer));
  ++answers_;
}

void BareClient::keep(Bytes packet) {
  if (!keeps_inside_ || arrived_.size() >= most_kept || !ip::look(packet)) return;
  arrived_.emplace_back(packet.begin(), packet.end());
}

bool BareClient::send_inside(Bytes packet) {
  if (phase_ != Phase::up || !send_key_ || payloads_.size() >= most_to_send) return false;
  payloads_.emplace_back(packet.begin(), packet.end());
  return true;
}

void BareClient::tick(Instant now) {
  now_ = now;
  if (phase_ == Phase::ended) return;
  session_->tick(now);
  if (liveness_.running()) {
    switch (liveness_.check(now, last_sent_, last_received_)) {
      case session::Liveness::Verdict::nothing:
        break;
      case session::Liveness::Verdict::ping_now:
        payloads_.emplace_back(wire::ping_message.begin(), wire::ping_message.end());
        break;
      case session::Liveness::Verdict::peer_gone:
        return end("the server fell silent (ping-restart)");
    }
  }
  serve();
}

Deadline BareClient::deadline() const {
  if (phase_ == Phase::ended) return {};
  return earlier(session_->deadline(), liveness_.deadline());
}

Bytes BareClient::transmit(MutableBytes room, Instant now) {
  now_ = now;
  Bytes sent;
  if (const auto size = session_->transmit(room, now)) {
    sent = room.first(*size);
  } else {
    while (sent.empty() && !payloads_.empty()) {
      sent = seal(payloads_.front(), room);
      payloads_.pop_front();
      if (answers_ > 0) --answers_;
    }
  }
  if (!sent.empty()) last_sent_ = now;
  return sent;
}

Bytes BareClient::seal(Bytes payload, MutableBytes room) {
  if (!send_key_ || !keys_[*send_key_].sealer) return {};
  if (payload.size() + front_room + back_room > room.size()) return {};
  Packet packet(room, 0, 0);
  packet.assign(payload, front_room);
  wire::frame_uncompressed(framing_of(compression_), packet);
  if (setup_.mtu.fragment) {
    store_u32(packet.prepend(wire::fragment_header_bytes), wire::encode_fragment_header({}));
  }
  Packet* const run[] = {&packet};
  if (keys_[*send_key_].sealer->seal(run, static_cast<std::uint32_t>(whole_seconds(now_))) != 1) {
    return {};
  }
  return packet.bytes();
}

void BareClient::serve() {
  while (phase_ != Phase::ended) {
    auto event = session_->event();
    if (!event) return;
    handle(*event);
  }
}

void BareClient::handle(session::Event& event) {
  if (const auto* wanted = std::get_if<session::AuthWanted>(&event)) {
    session_->admit(wanted->key_id, now_);
  } else if (const auto* pushed = std::get_if<session::Pushed>(&event)) {
    on_pushed(pushed->options);
  } else if (const auto* later = std::get_if<session::PushedLater>(&event)) {
    static_cast<void>(options::apply_pushed(later->options, setup_.config, pulled_));
    remember_token();
  } else if (const auto* ready = std::get_if<session::KeysReady>(&event)) {
    install(*ready);
  } else if (const auto* send = std::get_if<session::SendKey>(&event)) {
    send_key_ = send->key_id;
  } else if (const auto* retired = std::get_if<session::KeyRetired>(&event)) {
    keys_[retired->key_id] = {};
  } else if (const auto* message = std::get_if<session::MessageReceived>(&event)) {
    on_message(message->message);
  } else if (const auto* failed = std::get_if<session::Failed>(&event)) {
    on_failure(*failed);
  }
}

void BareClient::on_pushed(const std::vector<std::string>& options) {
  pulled_ = options::pulled_from(setup_.config);
  const auto applied = options::apply_pushed(options, setup_.config, pulled_);
  if (applied.verdict != options::PushVerdict::complete) {
    return end("the server pushed what the profile does not take");
  }
  const auto negotiated =
      session::choose_as_client(setup_.offer,
                                {pulled_.cipher, pulled_.peer_id, pulled_.tls_ekm,
                                 pulled_.dyn_tls_crypt, pulled_.cc_exit, pulled_.aead_epoch},
                                session_->peer_options());
  if (!negotiated) return end(negotiated.error().what);
  if (pulled_.compression) compression_ = *pulled_.compression;
  remember_token();
  session_->configure(*negotiated, now_);
  const options::Timers& timers = pulled_.timers;
  const bool exits = timers.ping_exit.count() > 0;
  last_sent_ = last_received_ = now_;
  liveness_.start({timers.ping, exits ? timers.ping_exit : timers.ping_restart}, now_);
  phase_ = Phase::up;
}

void BareClient::remember_token() {
  if (pulled_.auth_token.empty()) return;
  memory_.token = pulled_.auth_token;
  memory_.token_user = pulled_.auth_token_user;
  session_->set_credentials(memory_.to_send());
}

void BareClient::install(const session::KeysReady& ready) {
  const auto spec = make_key_spec(*session_->negotiated(), ready.material, ready.key_id,
                                  setup_.session.tls_server, setup_.config.channel);
  auto sealer = crypto::Sealer::make(spec.format, spec.send, rng_);
  auto opener = crypto::Opener::make(spec.format, spec.receive, crypto::ReplayWindow());
  if (!sealer || !opener)
    return end("no data keys: " + (sealer ? opener.error() : sealer.error()).what);
  keys_[ready.key_id] = {std::move(*sealer), std::move(*opener)};
}

void BareClient::on_message(const wire::ControlMessage& message) {
  using wire::MessageKind;
  switch (message.kind) {
    case MessageKind::auth_failed:
      return end(message.rest.empty() ? "AUTH_FAILED" : "AUTH_FAILED: " + printable(message.rest));
    case MessageKind::auth_pending:
      return session_->extend_wait(now_, setup_.session.hand_window);
    case MessageKind::restart:
    case MessageKind::halt:
      return end("the server ended the session (" + printable(message.text) + ")");
    case MessageKind::exit:
      return end("the server ended the session");
    default:
      return;
  }
}

void BareClient::on_failure(const session::Failed& failed) {
  if (failed.alive) return;
  failure_ = failed;
  end(failure_words(failed));
}

void BareClient::say_goodbye(Instant now) {
  now_ = now;
  if (phase_ != Phase::up || setup_.tcp) return;
  const auto& negotiated = session_->negotiated();
  if (negotiated && negotiated->cc_exit) {
    session_->send_message("EXIT", now);
  } else {
    payloads_.push_back(wire::encode_occ(wire::OccType::exit));
  }
}

void BareClient::end(std::string why) {
  if (phase_ == Phase::ended) return;
  phase_ = Phase::ended;
  why_ = std::move(why);
}

}  // namespace adit::node
