// What arrives at one end of a single tunnel, and time.

#include "node/client.h"

#include <algorithm>
#include <array>

#include "node/handshake_log.h"
#include "node/key_wear.h"
#include "node/lines.h"
#include "wire/early_negotiation.h"
#include "wire/inside_message.h"

namespace adit::node {

session::Credentials ClientMemory::to_send() const {
  if (token.empty()) return credentials;
  return {token_user.empty() ? credentials.username : token_user, token};
}

// The user's name stays: a token may come that needs it. What lies on the disk is looked up again,
// and kept for the case that it cannot be read any more ("user nobody").
void ClientMemory::forget() {
  if (!on_disk) credentials.password.wipe();
  forgotten = true;
}

bool ClientMemory::is_new(const std::string& text) {
  constexpr std::size_t most = 64;  // of a list of remotes each has its own
  if (advice.size() >= most) advice.clear();
  return advice.insert(text).second;
}

Client::Client(const ClientSetup& setup, ClientMemory& memory, const Surroundings& around, Log log,
               const std::optional<ports::LinkAddress>& remote, Instant now, WallTime wall)
    : setup_(setup),
      memory_(memory),
      around_(around),
      log_(std::move(log)),
      complaints_(setup.wrapping, log_),
      disorder_(replay_limits(setup.config.channel), setup.config.channel.mute_replay_warnings),
      remote_(remote),
      compression_(setup.config.channel.compression),
      established_(wall),
      now_(now),
      wall_(wall),
      answer_by_(Instant::max()) {
  token_in_use_ = !memory.token.empty();
  if (setup.static_key) {
    begin_static();
  } else if (setup.session.tls_server) {
    wait_for_peer();
  } else {
    begin();
  }
}

std::unique_ptr<session::Session> call_peer(const ClientSetup& setup, const ClientMemory& memory,
                                            Rng& rng, Instant now, WallTime wall) {
  session::Protection protection = setup.wrapping.client_protection();
  session::Opening opening;
  opening.own = wire::SessionId::random(rng);
  opening.reset = wire::Opcode::hard_reset_client_v2;
  opening.stamp_time = wall;
  if (!protection.wkc.empty()) {
    opening.reset = wire::Opcode::hard_reset_client_v3;
    opening.first_stamp = wire::early_negotiation_start + 1;
  }
  auto session =
      std::make_unique<session::Session>(setup.session, std::move(protection), opening, now);
  session->set_credentials(memory.to_send());
  return session;
}

std::unique_ptr<session::Session> Client::make_session() {
  auto session = call_peer(setup_, memory_, around_.rng, now_, wall_);
  arm(*session);
  return session;
}

// What it logs in with at its next key exchange.
void Client::arm(session::Session& session) {
  if (setup_.config.client.auth_user_pass && !memory_.has_what_to_send()) {
    session.await_credentials();
    wants_credentials_ = true;
  } else {
    session.set_credentials(memory_.to_send());
  }
}

void Client::give_credentials(const session::Credentials& credentials, Instant now) {
  now_ = now;
  wants_credentials_ = false;
  if (!association_) return;
  for (session::Session* session : {&association_->active(), association_->newcomer()}) {
    if (session != nullptr) session->give_credentials(credentials, now_);
  }
  serve();
}

void Client::begin() {
  association_.emplace(make_session());
  answer_by_ = now_ + setup_.connection.server_poll_timeout;
  tell_silence_at_ = now_ + setup_.session.tls_timeout * 7 / 2;  // three resets were sent
  serve();
}

// Point to point the TLS client begins. On a TCP connection it has to: nobody else gets one
// meanwhile.
void Client::wait_for_peer() {
  gate_.emplace(setup_.wrapping, around_.rng, setup_.session.hand_window,
                RateLimit(0, Duration(1)));
  if (setup_.tcp) answer_by_ = now_ + setup_.session.hand_window;
}

void Client::turn(Instant now, WallTime wall) {
  now_ = now;
  wall_ = wall;
  around_.plane.take_reports(
      plane::DataPlane::reports_per_turn,
      [this](const plane::Report& report, MutableBytes bytes) { take(report, bytes); });
  if (association_ && association_->deadline().due(now_)) association_->tick(now_);
  check_timers();
  serve();
  around_.plane.collect();
}

Deadline Client::deadline() const {
  const Deadline goodbye{next_goodbye_, "exit-notify"};
  if (outcome_) return association_ ? earlier(association_->deadline(), goodbye) : goodbye;
  Deadline next = liveness_.deadline();
  if (association_) next = earlier(next, association_->deadline());
  if (!answered_) next = earlier(next, {answer_by_, "server-poll-timeout"});
  if (!answered_) next = earlier(next, {tell_silence_at_, "silence"});
  next = earlier(next, {next_wear_check_, "wear"});
  next = earlier(next, {tell_waiting_at_, "options"});
  next = earlier(earlier(next, limits_.deadline()), path_.deadline());
  next = earlier(next, occ_requests_.deadline());
  next = earlier(next, {next_static_look_, "static-key peer"});
  next = earlier(next, {routes_at_, "route-delay"});
  if (replay_file_) next = earlier(next, replay_file_->deadline());
  return earlier(next, goodbye);
}

void Client::take(const plane::Report& report, MutableBytes bytes) {
  using Kind = plane::Report::Kind;
  switch (report.kind) {
    case Kind::control_packet:
      return take_datagram(report.from, bytes);
    case Kind::payload:
      return take_payload(bytes);
    case Kind::moved:
      around_.plane.float_decided(the_peer);
      if (setup_.static_key && !remote_) return meet_static(report.from);
      if (!remote_ || !may_come_from(report.from)) return;
      log_.info(2, "{}", lines::floated(the_peer, peer_name_, remote_->remote, report.from.remote));
      remote_ = report.from;
      return start_path();
    case Kind::stream_closed:
      log_.info(1, "{}", lines::connection_reset);
      return end(Outcome::Next::restart, "SIGUSR1", "connection-reset");
    case Kind::stream_fault:
      log_.error("{}", lines::stream_out_of_step);
      return end(Outcome::Next::restart, "SIGUSR1", "decryption-error");
    case Kind::recursive:
      log_.mutable_error(4, "Recursive routing detected, drop tun packet to {}",
                         remote_ ? lines::with_family(remote_->remote) : "the peer");
      return;
    case Kind::echo:
      path_.echoed(bytes, now_);
      return run_path();
    case Kind::heard:
      path_.heard(now_);
      return run_path();
    case Kind::flow:
      return path_.tell_sender(around_.plane, the_peer, bytes);
    case Kind::too_large:
      if (!remote_ || remote_->remote.address != report.from.remote.address) return;
      path_.too_large(bytes, log_, now_);
      return run_path();
    case Kind::not_reached:
      return log_.mutable_error(lines::mute_class_of_links, "{}",
                                lines::not_reached(report.from.remote, bytes));
    case Kind::dhcp_router:
      return take_dhcp_router(bytes);
    case Kind::bad_source:
    case Kind::frame:
      return;
  }
}

void Client::take_datagram(const ports::LinkAddress& from, MutableBytes datagram) {
  if (!may_come_from(from)) return;
  if (!association_) return begin_by_peer(from, datagram);
  const std::size_t size = datagram.size();
  const Drop verdict = association_->receive(datagram, now_);
  if (verdict == Drop::unknown_peer && gate_) return begin_by_peer(from, datagram);
  if (verdict == Drop::bad_tag || (verdict == Drop::malformed && !answered_)) {
    tell_silence_at_ = Instant::max();
    return complaints_.about(datagram, verdict, from.remote, now_);
  }
  if (verdict != Drop::none) return;
  if (!answered_) {
    log_.info(3, "{}", lines::initial_packet(from.remote, association_->active().remote_id()));
    note(ClientNews::Kind::auth);
  }
  answered_ = true;
  last_control_received_ = now_;
  control_bytes_received_ += size;
}

// An end that names no remote takes its peer from anywhere.
bool Client::may_come_from(const ports::LinkAddress& from) const {
  const bool anywhere = setup_.connection.floats || setup_.connection.remote.empty();
  return anywhere || !remote_ || remote_->same_peer(from);
}

// Point-to-point TLS server: the client's reset begins a session, or one beside the living one.
void Client::begin_by_peer(const ports::LinkAddress& from, MutableBytes datagram) {
  auto verdict = gate_->meet_reset(datagram, wall_);
  if (const Drop* drop = std::get_if<Drop>(&verdict)) return refuse_stranger(from, *drop, datagram);
  auto* welcome = std::get_if<Gate::Welcome>(&verdict);
  if (welcome == nullptr) return;
  auto session = std::make_unique<session::Session>(setup_.session, welcome->protection,
                                                    welcome->opening, now_);
  if (session->receive(datagram, now_) != Drop::none) return;
  answered_ = true;
  last_control_received_ = now_;
  if (association_ && association_->active().established()) {
    if (setup_.config.channel.single_session) return;
    newcomer_from_ = from;
    association_->start_newcomer(std::move(session));
  } else {
    remote_ = from;
    association_.emplace(std::move(session));
  }
}

void Client::refuse_stranger(const ports::LinkAddress& from, Drop verdict, Bytes datagram) {
  complaints_.about(datagram, verdict, from.remote, now_);
  if (setup_.tcp && !association_) end(Outcome::Next::restart, "SIGUSR1", "tls-error");
}

void Client::take_payload(Bytes payload) {
  const auto message = wire::decode_occ(payload);
  if (!message) return;
  if (message->type == static_cast<std::uint8_t>(wire::OccType::exit)) {
    log_.info(1, "OCC exit message received by peer");
    return end(Outcome::Next::restart, "SIGUSR1", "remote-exit");
  }
  if (remote_) {
    const session::Frame frame =
        make_frame(negotiated(), setup_.config.channel, frame_facts(*remote_));
    const auto answer = path_.hear(payload, frame, setup_.session.options, now_);
    if (answer) around_.plane.send_payload(the_peer, *answer);
  }
  if (message->type == static_cast<std::uint8_t>(wire::OccType::mtu_load)) return run_path();
  const bool reply = message->type == static_cast<std::uint8_t>(wire::OccType::reply);
  if (reply && setup_.static_key) take_static_reply(message->rest);
}

void Client::serve() {
  if (!association_) return;
  while (auto happening = association_->happening()) handle(*happening);
  transmit();
}

void Client::transmit() {
  if (!association_ || !remote_) return;
  transmit(association_->active(), *remote_);
  if (session::Session* newcomer = association_->newcomer()) {
    transmit(*newcomer, newcomer_from_.value_or(*remote_));
  }
}

void Client::transmit(session::Session& session, const ports::LinkAddress& to) {
  std::array<std::uint8_t, plane::largest_control_packet> room;
  while (const auto size = session.transmit(room, now_)) {
    around_.plane.send_datagram(to, Bytes(room).first(*size));
    last_control_sent_ = now_;
    control_bytes_sent_ += *size;
  }
}

void Client::check_timers() {
  say_goodbyes();
  if (outcome_) return;
  if (setup_.static_key) watch_static();
  if (!answered_ && gate_ && answer_by_ <= now_) {
    log_.error("{} connected but began no TLS handshake: is it a \"tls-client\" of this tunnel?",
               remote_ ? lines::real_address(remote_->remote) : "somebody");
    return end(Outcome::Next::restart, "SIGUSR1", "tls-error");
  }
  if (!answered_ && tell_silence_at_ <= now_) {
    tell_silence_at_ = Instant::max();
    const std::string text =
        remote_ ? advice_on_silence(remote_->remote, setup_.wrapping) : std::string();
    if (!text.empty() && memory_.is_new(text)) log_.warn("{}", text);
  }
  if (!answered_ && answer_by_ <= now_) {
    const std::string text = fmt::format(
        "No answer from the server within {} seconds: is its address and port right, does a "
        "firewall drop the packets, or does it want a tls-auth/tls-crypt key that this config "
        "lacks?",
        setup_.connection.server_poll_timeout.count());
    if (memory_.is_new(text)) log_.error("{}", text);
    return end(Outcome::Next::restart, "SIGUSR1", "server_poll");
  }
  if (liveness_.running()) {
    const plane::PeerTraffic traffic = around_.plane.traffic(the_peer);
    switch (liveness_.check(now_, std::max(traffic.last_sent, last_control_sent_),
                            std::max(traffic.last_received, last_control_received_))) {
      case session::Liveness::Verdict::nothing:
        break;
      case session::Liveness::Verdict::ping_now:
        around_.plane.send_payload(the_peer, wire::ping_message);
        break;
      case session::Liveness::Verdict::peer_gone:
        log_.info(1, "{}", lines::inactivity(peer_name_, ping_exits_));
        return ping_exits_ ? end(Outcome::Next::exit, "SIGTERM", "ping-exit")
                           : end(Outcome::Next::restart, "SIGUSR1", "ping-restart");
    }
  }
  if (tell_waiting_at_ <= now_) {
    tell_waiting_at_ = Instant::max();
    note(ClientNews::Kind::get_config);
  }
  if (next_wear_check_ <= now_) check_wear();
  if (routes_at_ <= now_) add_delayed_routes();
  check_limits();
  run_path();
}

void Client::say_goodbyes() {
  if (next_goodbye_ > now_ || goodbyes_left_ == 0) return;
  --goodbyes_left_;
  next_goodbye_ = goodbyes_left_ > 0 ? now_ + std::chrono::seconds(1) : Instant::max();
  around_.plane.send_payload(the_peer, wire::encode_occ(wire::OccType::exit));
}

void Client::check_wear() {
  next_wear_check_ = now_ + wear_interval(setup_.session);
  if (setup_.static_key) {
    disorder_.look(around_.plane.disorder(the_peer), {.aead = false}, now_, log_);
  } else if (negotiated() != nullptr) {
    disorder_.look(around_.plane.disorder(the_peer), key_in_use(association_->active()), now_,
                   log_);
  }
  if (!association_) return;
  note_key_wear(association_->active(), around_.plane, the_peer, now_);
}

void Client::check_limits() {
  if (!limits_.deadline().due(now_)) return;
  using Verdict = session::TimeLimits::Verdict;
  const Verdict verdict = limits_.check(now_, around_.plane.traffic(the_peer).inside_bytes());
  if (verdict == Verdict::nothing) return;
  const bool idle = verdict == Verdict::idle;
  log_.info(1, "{}", idle ? lines::inactive : lines::session_over);
  end(Outcome::Next::exit, "SIGTERM", idle ? "inactive" : "session-timeout");
}

void Client::end(Outcome::Next next, std::string signal, std::string text, int exit_status) {
  if (outcome_) return;
  outcome_ = Outcome{next, exit_status, std::move(signal), std::move(text), {}, {}, false, {}};
  liveness_.stop();
}

std::optional<Instant> Client::announce_end(Instant now) {
  now_ = now;
  const unsigned times = exit_notify();
  const bool waits_for_routes = std::exchange(routes_at_, Instant::max()) != Instant::max();
  if (times == 0 || setup_.tcp || !(up_ || waits_for_routes)) return std::nullopt;
  const bool reliable = association_ && association_->active().negotiated() &&
                        association_->active().negotiated()->cc_exit;
  log_.info(1, "{}", lines::exit_announced);
  if (reliable) {
    log_.info(3, "{}", lines::sent_control(peer_name_, "EXIT", true));
    association_->active().send_message("EXIT", now_);
    transmit();
  } else {
    goodbyes_left_ = times;
    next_goodbye_ = now_;
    say_goodbyes();
  }
  return now_ + std::chrono::seconds(times);
}

ClientStatus Client::status(WallTime wall) const {
  const plane::PeerTraffic traffic = around_.plane.traffic(the_peer);
  return {wall,
          traffic.sent_inside_bytes,
          traffic.received_inside_bytes,
          traffic.received_link_bytes + control_bytes_received_,
          traffic.sent_link_bytes + control_bytes_sent_,
          traffic.received_inside_bytes};
}

}  // namespace adit::node
