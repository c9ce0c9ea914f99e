// What a client's session says, and the server's answers.

#include <algorithm>

#include "base/text.h"
#include "node/handshake_log.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

using session::Session;

namespace {
constexpr Duration delayed_exit = std::chrono::seconds(5);
constexpr int security_passwords = 3;  // script-security: passwords may stand in an environment
}  // namespace

void Server::handle(ServerPeer& peer, Happening& happening) {
  session::Event& event = happening.event;
  if (const auto* wanted = std::get_if<session::AuthWanted>(&event)) {
    decide(peer, *happening.session, *wanted);
  } else if (std::holds_alternative<session::Established>(event)) {
    connect(peer, happening.replaced);
  } else if (const auto* ready = std::get_if<session::KeysReady>(&event)) {
    install(peer, *ready);
  } else if (const auto* send = std::get_if<session::SendKey>(&event)) {
    around_.plane.use_key(peer.index, send->key_id);
  } else if (const auto* retired = std::get_if<session::KeyRetired>(&event)) {
    around_.plane.retire_key(peer.index, retired->key_id);
  } else if (const auto* message = std::get_if<session::MessageReceived>(&event)) {
    on_message(peer, message->message);
  } else if (const auto* renewing = std::get_if<session::Renegotiating>(&event)) {
    peer.log.info(3, "TLS: soft reset {} for key {}", renewing->by_peer ? "by the client" : "sent",
                  renewing->key_id);
  } else if (const auto* failed = std::get_if<session::Failed>(&event)) {
    on_failure(peer, happening, *failed);
  }
}

// May this peer enter, or go on after a renegotiation?
void Server::decide(ServerPeer& peer, Session& session, const session::AuthWanted& wanted) {
  const options::Server& server = setup_.config.server;
  const tls::PeerIdentity& identity = session.tls()->peer();
  log_peer(peer.log, session, wanted.first);
  const bool by_username = server.username_as_common_name && !wanted.username.empty();
  const std::string common_name = printable(by_username ? wanted.username : identity.common_name);
  // Its handshake may have begun before the list changed.
  if (const tls::ChainEntry* revoked = setup_.session.tls->revoked(identity.chain)) {
    peer.log.error("{}",
                   lines::certificate_revoked(revoked->depth, revoked->subject, revoked->serial));
    return refuse(peer, session, wanted.key_id, lines::revoked_reason);
  }
  const bool known = peer.phase == ServerPeer::Phase::up;
  if (known && (common_name != peer.common_name || wanted.username != peer.username)) {
    peer.log.error(
        "TLS Auth Error: the client came back as '{}' with user name '{}', which is not "
        "who it was; refused",
        printable(common_name), printable(wanted.username));
    return refuse(peer, session, wanted.key_id, {});
  }
  if (!known) {
    peer.common_name = common_name;
    peer.username = wanted.username;
    peer.identity = identity;
  }
  const bool managed = setup_.config.management.client_auth;
  if (managed) ask_manager(peer, session, wanted);
  if (setup_.config.scripts.auth_user_pass_verify.defined()) {
    return ask_script(peer, session, wanted);
  }
  if (!managed) session.admit(wanted.key_id, now_);
}

void Server::ask_script(ServerPeer& peer, Session& session, const session::AuthWanted& wanted) {
  if (wanted.username.empty() || wanted.password.empty()) {
    if (setup_.config.server.auth_user_pass_optional) {
      return decided(peer.client_id, session.own_id(), wanted.key_id, true);
    }
    peer.log.error("{}", lines::auth_user_pass_missing);
    peer.log.error(
        "the config of \"{}\" lacks \"auth-user-pass\", which this server asks for "
        "(auth-user-pass-verify)",
        peer.common_name);
    return refuse(peer, session, wanted.key_id, {});
  }
  const options::Scripts& scripts = setup_.config.scripts;
  Environment env = identity_environment(peer.identity);
  env.set("common_name", peer.common_name);
  set_peer_address(env, "untrusted", peer.address.remote);
  env.merge(peer_info_environment(session.peer_info()));
  std::vector<std::string> arguments;
  std::string file;
  env.set("username", printable(wanted.username));
  if (scripts.auth_via_file) {
    auto made = around_.store.create_temporary(
        scripts.tmp_dir, "up", wanted.username + "\n" + wanted.password.reveal() + "\n");
    if (!made) {
      peer.log.error("auth-user-pass-verify: {}", made.error().text());
      return refuse(peer, session, wanted.key_id, {});
    }
    file = *made;
    arguments.push_back(file);
  } else if (scripts.security >= security_passwords) {
    env.set("password", wanted.password.reveal());
  }
  hooks_.run("user-pass-verify", scripts.auth_user_pass_verify, env, arguments,
             [this, alive = alive_, id = peer.client_id, which = session.own_id(),
              key = wanted.key_id, file](int status) {
               if (!*alive) return;
               if (!file.empty()) around_.store.remove(file);
               decided(id, which, key, status == 0);
             });
}

void Server::decided(std::uint64_t client_id, wire::SessionId which, std::uint8_t key_id,
                     bool admitted) {
  ServerPeer* peer = find_client(client_id);
  if (peer == nullptr) return;
  Session* session = &peer->association.active();
  if (session->own_id() != which) session = peer->association.newcomer();
  if (session == nullptr || session->own_id() != which) return;
  if (setup_.config.management.client_auth) {
    auto& asked = peer->managed.asked;
    // The manager has refused it, or is asked about a later handshake by now.
    if (!asked || asked->session != which || asked->key_id != key_id) return;
    asked->script = false;
    if (admitted && asked->manager) return;
    asked.reset();
  }
  if (admitted) {
    session->admit(key_id, now_);
  } else {
    peer->log.error("{}", lines::auth_user_pass_failed);
    peer->log.error(
        "{} refused the user name and password of \"{}\": correct them in its "
        "auth-user-pass",
        setup_.config.scripts.auth_user_pass_verify.words.front(), peer->common_name);
    refuse(*peer, *session, key_id, {});
  }
  serve(*peer);
}

void Server::refuse(ServerPeer& peer, Session& session, std::uint8_t key_id,
                    std::string_view reason) {
  session.refuse(key_id, reason, now_);
  const std::string text = reason.empty() ? "AUTH_FAILED" : "AUTH_FAILED," + std::string(reason);
  peer.log.info(
      3, "{}",
      lines::sent_control(peer.common_name.empty() ? "UNDEF" : peer.common_name, text, true));
  const bool stranger = &session != &peer.association.active();
  if (stranger && peer.phase == ServerPeer::Phase::up) return;  // the living session stays
  peer.log.info(3, "Delayed exit in {} seconds",
                std::chrono::duration_cast<std::chrono::seconds>(delayed_exit).count());
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
  if (peer.phase == ServerPeer::Phase::up) unlearn(peer);
  peer.managed.asked.reset();
  peer.phase = ServerPeer::Phase::leaving;
  peer.liveness.stop();
  peer.leave_at = now_ + delayed_exit;
  peer.leave_signal = signal;
  peer.leave_text = text;
}

void Server::on_message(ServerPeer& peer, const wire::ControlMessage& message) {
  switch (message.kind) {
    case wire::MessageKind::push_request:
      peer.log.info(3, "PUSH: Received control message: 'PUSH_REQUEST'");
      if (!peer.pushed) push(peer);
      return;
    case wire::MessageKind::cr_response: {
      const auto& asked = peer.managed.asked;
      Environment env = setup_.environment;
      env.merge(client_environment(peer));
      note({ServerNews::Kind::response, peer.client_id, asked ? asked->key : 0, message.rest,
            std::move(env)});
      return;
    }
    case wire::MessageKind::exit:
      peer.log.info(2, "CC-EEN exit message received by peer");
      return leave_soon(peer, "SIGTERM", "remote-exit");
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
