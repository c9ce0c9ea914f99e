// What a client's session says, and the server's answers.

#include <algorithm>

#include "base/text.h"
#include "node/handshake_log.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

using session::Session;

namespace {
constexpr std::chrono::seconds exit_delay(5);
}  // namespace

void Server::handle(ServerPeer& peer, Happening& happening) {
  session::Event& event = happening.event;
  if (auto* wanted = std::get_if<session::AuthWanted>(&event)) {
    decide(peer, *happening.session, *wanted);
  } else if (std::holds_alternative<session::Established>(event)) {
    connect(peer, happening.replaced);
  } else if (const auto* ready = std::get_if<session::KeysReady>(&event)) {
    install(peer, *ready);
    if (ready->key_id == 0) return;
    // Its certificate may be another by now.
    if (happening.session->tls() != nullptr) peer.identity = happening.session->tls()->peer();
    renew_token(peer);
  } else if (const auto* send = std::get_if<session::SendKey>(&event)) {
    around_.plane.use_key(peer.index, send->key_id);
  } else if (const auto* retired = std::get_if<session::KeyRetired>(&event)) {
    around_.plane.retire_key(peer.index, retired->key_id);
  } else if (const auto* message = std::get_if<session::MessageReceived>(&event)) {
    // Nobody has let it in yet, and it speaks for itself alone.
    const bool answers = message->message.kind == wire::MessageKind::cr_response;
    if (!happening.newcomer || answers) on_message(peer, message->message);
  } else if (const auto* renewing = std::get_if<session::Renegotiating>(&event)) {
    peer.log.info(3, "TLS: soft reset {} for key {}", renewing->by_peer ? "by the client" : "sent",
                  renewing->key_id);
  } else if (const auto* failed = std::get_if<session::Failed>(&event)) {
    on_failure(peer, happening, *failed);
  }
}

void Server::refuse(ServerPeer& peer, Session& session, std::uint8_t key_id,
                    std::string_view reason) {
  session.refuse(key_id, reason, now_);
  const std::string text = reason.empty() ? "AUTH_FAILED" : "AUTH_FAILED," + std::string(reason);
  peer.log.info(
      3, "{}",
      lines::sent_control(peer.common_name.empty() ? "UNDEF" : peer.common_name, text, true));
  const bool stranger = &session != &peer.association.active();
  if (stranger && peer.admitted()) return;  // the living session stays
  peer.log.info(3, "{}", lines::delayed_exit(exit_delay));
  leave_soon(peer, "SIGTERM", "delayed-exit");
}

void Server::end_revoked(Instant now) {
  now_ = now;
  std::vector<std::pair<plane::PeerIndex, const tls::ChainEntry*>> found;
  for (const auto& [index, peer] : peers_) {
    if (peer->phase == ServerPeer::Phase::leaving) continue;
    const tls::ChainEntry* const revoked = setup_.session.tls->revoked(peer->identity.chain);
    if (revoked != nullptr) found.emplace_back(index, revoked);
  }
  for (const auto& [index, revoked] : found) expel(*find(index), *revoked);
}

// No packet passes from now on; the peer stays long enough to be told why.
void Server::expel(ServerPeer& peer, const tls::ChainEntry& revoked) {
  peer.log.error("{}: its session ends",
                 lines::certificate_revoked(revoked.depth, revoked.subject, revoked.serial));
  const std::string text = "AUTH_FAILED," + std::string(lines::revoked_reason);
  peer.association.active().send_message(text, now_);
  peer.log.info(3, "{}", lines::sent_control(peer.common_name, text, true));
  leave_soon(peer, "SIGTERM", "certificate-revoked");
  serve(peer);
  for (std::uint8_t id = 0; id < wire::key_id_count; ++id) {
    around_.plane.retire_key(peer.index, id);
  }
}

// Once only: a peer that keeps saying goodbye does not stay longer (CVE-2024-28882).
void Server::leave_soon(ServerPeer& peer, std::string_view signal, std::string_view text) {
  if (peer.phase == ServerPeer::Phase::leaving) return;
  tell_gone(peer);
  if (peer.phase == ServerPeer::Phase::up) unlearn(peer);
  peer.admissions.clear();
  peer.phase = ServerPeer::Phase::leaving;
  peer.liveness.stop();
  peer.leave_at = now_ + exit_delay;
  peer.leave_signal = signal;
  peer.leave_text = text;
}

void Server::on_message(ServerPeer& peer, const wire::ControlMessage& message) {
  switch (message.kind) {
    case wire::MessageKind::push_request:
      peer.log.info(3, "{}", lines::push_received("PUSH_REQUEST"));
      if (!peer.pushed) push(peer);
      return;
    case wire::MessageKind::cr_response: {
      const auto& asked = peer.managed.asked;
      const bool waits = asked && peer.admissions.find(asked->session, asked->key_id) != nullptr;
      Environment env = setup_.environment;
      env.merge(client_environment(peer));
      note({ServerNews::Kind::response, peer.client_id, waits ? asked->key : 0, message.rest,
            std::move(env)});
      return run_crresponse(peer, message.rest);
    }
    case wire::MessageKind::exit:
      peer.log.info(2, "{}", lines::exit_received);
      peer.log.info(3, "{}", lines::delayed_exit(exit_delay));
      return leave_soon(peer, "SIGTERM", "delayed-exit");
    default:
      peer.log.info(3, "WARNING: Received unknown control message: {}", message.text);
      return;
  }
}

void Server::on_failure(ServerPeer& peer, const Happening& happening,
                        const session::Failed& failed) {
  log_failure(peer.log, failed, setup_.session.hand_window);
  if (happening.newcomer) return peer.association.drop_newcomer();
  if (failed.alive) return;
  if (peer.phase == ServerPeer::Phase::handshake && peer.association.newcomer() != nullptr) {
    // Its client gave it up and asks again from the same port; that one may still be let in.
    peer.admissions.close(happening.session->own_id(), 0);
    return peer.association.promote_newcomer();
  }
  if (peer.address.stream != 0) peer.log.error("{}", lines::fatal_tls_error);
  leave_soon(peer, "SIGUSR1", "tls-error");
  peer.leave_at = now_;
}

void Server::install(ServerPeer& peer, const session::KeysReady& ready) {
  const auto& negotiated = peer.association.active().negotiated();
  if (!negotiated) return;
  const auto spec =
      make_key_spec(*negotiated, ready.material, ready.key_id, true, setup_.config.channel);
  if (peer.retire_others) {
    for (std::uint8_t id = 0; id < wire::key_id_count; ++id)
      around_.plane.retire_key(peer.index, id);
    peer.retire_others = false;
  }
  const auto carried = carried_keys_.find({peer.index, ready.key_id});
  const Status installed = carried == carried_keys_.end()
                               ? around_.plane.install_key(peer.index, spec)
                               : around_.plane.install_key(peer.index, spec, carried->second, now_);
  if (installed) return;
  peer.log.error("data channel: {}", installed.error().text());
  leave_soon(peer, "SIGUSR1", "tls-error");
}

}  // namespace adit::node
