// Tokens in place of passwords: what they decide, and when clients get new ones.

#include "base/text.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

bool Server::checks_passwords() {
  return setup_.config.scripts.auth_user_pass_verify.defined() ||
         setup_.config.management.client_auth ||
         hooks_.plugins().wants(ports::PluginEvent::auth_user_pass_verify);
}

// The user name may turn out to be worth nothing.
void Server::look_at_token(ServerPeer& peer, session::AuthWanted& wanted) {
  peer.token_state = SessionTokens::State::initial;
  if (!tokens_ || !checks_passwords()) return;
  peer.token_state =
      tokens_->check(wanted.password.reveal(), wanted.username, peer.token, wall_, peer.log);
  peer.token_variables = tokens_->environment(peer.token_state, peer.token, wall_, around_.rng);
}

// Whether a token that came as the password is good. Nothing: whoever knows passwords decides.
std::optional<bool> Server::decided_by_token(ServerPeer& peer, const session::AuthWanted& wanted) {
  using State = SessionTokens::State;
  if (peer.token_state == State::initial || tokens_->setup().external_auth) return std::nullopt;
  const bool good = peer.token_state == State::authenticated && !peer.token.nameless;
  peer.log.info(1, "{}", lines::token_decided(wanted.username, good));
  if (good) tell_checked(peer, "succeeded", wanted.username);
  if (!good) peer.token = {};
  return good;
}

// Empty: it gets none, for nobody asks for passwords.
std::string Server::next_token(ServerPeer& peer) {
  if (!tokens_ || !peer.token.first) return {};
  const SessionTokens::Setup& setup = tokens_->setup();
  if (setup.by_timer) peer.renew_token_at = now_ + setup.renewal;
  return "auth-token " + tokens_->issue(peer.token, peer.username, wall_, around_.rng);
}

// "override-username"
void Server::rename(ServerPeer& peer) {
  const std::string& name = peer.profile.override_username;
  if (name.empty() || name == peer.username) return;
  peer.log.info(2, "override-username: '{}' is called '{}' from now on", printable(peer.username),
                printable(name));
  if (!peer.own_username) peer.own_username = peer.username;
  peer.username = name;
}

void Server::renew_token(ServerPeer& peer) {
  peer.renew_token_at = Instant::max();
  if (peer.phase != ServerPeer::Phase::up) return;
  const std::string token = next_token(peer);
  if (token.empty() || !peer.pushed) return;  // its first one goes along with the options
  const std::string message = "PUSH_REPLY," + token;
  peer.association.active().send_message(message, now_);
  peer.log.info(3, "{}", lines::sent_control(peer.common_name, message, true));
}

}  // namespace adit::node
