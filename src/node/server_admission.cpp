// Who may enter, or go on after a renegotiation: one decision of several judges, each in its time.

#include <algorithm>

#include "base/text.h"
#include "node/certificate_script.h"
#include "node/handshake_log.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

using ports::PluginEvent;
using session::Session;

namespace {
constexpr int security_passwords = 3;  // script-security: passwords may stand in an environment
constexpr std::size_t longest_common_name = 64;
constexpr int deferred_status = 2;  // of a script that answers later
constexpr Duration look_interval = std::chrono::milliseconds(250);

// As stock: a user name is shown in files and variables of lines, and so is a password.
void clean(session::AuthWanted& wanted) {
  std::ranges::replace_if(wanted.username, is_control, '_');
  std::string password = wanted.password.reveal();
  std::erase_if(password, is_control);
  wanted.password = SecretText(std::move(password));
}

}  // namespace

void Server::decide(ServerPeer& peer, Session& session, session::AuthWanted& wanted) {
  if (peer.phase == ServerPeer::Phase::leaving) return;  // it is not let in again
  clean(wanted);
  log_peer(peer.log, session, wanted.first);
  if (!peer.admitted() && peer.named != session.own_id()) peer.token = {};  // another login's
  look_at_token(peer, wanted);
  if (!take_names(peer, session, wanted)) return;
  const auto by_token = decided_by_token(peer, wanted);
  if (by_token && !*by_token) {
    const bool expired = peer.token_state == SessionTokens::State::expired;
    return refuse(peer, session, wanted.key_id, expired ? lines::token_expired : "");
  }
  const Exchange which{peer.client_id, session.own_id(), wanted.key_id, by_token.has_value()};
  if (call_judges(peer, session, which).verdict() == Admission::Verdict::admitted) {
    peer.admissions.close(which.session, which.key_id);
    return session.admit(which.key_id, now_);
  }
  const auto login = std::make_shared<const session::AuthWanted>(std::move(wanted));
  ServerPeer::KeyCheck* key_check = find_check(which.client, which.session);
  if (key_check == nullptr) return check_chain(which, 0, login);
  key_check->then = [this, which, login] {
    hear(*find_client(which.client), which, Judge::tls_crypt_v2, true);
    check_chain(which, 0, login);
  };
}

// Who it says it is. False: it was refused.
bool Server::take_names(ServerPeer& peer, Session& session, const session::AuthWanted& wanted) {
  const tls::PeerIdentity& identity = session.tls()->peer();
  const bool known = peer.admitted();
  const auto turned_away = [&](std::string_view told) {
    refuse(peer, session, wanted.key_id, told);
    return false;
  };
  // A living client keeps the name it has, whatever is configured by now.
  if (!known) peer.named_by_user = setup_.config.server.username_as_common_name;
  const bool by_username = peer.named_by_user && !wanted.username.empty();
  const std::string common_name = printable(by_username ? wanted.username : identity.common_name);
  // Its handshake may have begun before the list changed.
  if (const tls::ChainEntry* revoked = setup_.session.tls->revoked(identity.chain)) {
    peer.log.error("{}",
                   lines::certificate_revoked(revoked->depth, revoked->subject, revoked->serial));
    return turned_away(lines::revoked_reason);
  }
  const bool renamed = wanted.username == peer.own_username;
  if (known &&
      (common_name != peer.common_name || (wanted.username != peer.username && !renamed))) {
    peer.log.error(
        "TLS Auth Error: the client came back as '{}' with user name '{}', which is not "
        "who it was; refused",
        printable(common_name), printable(wanted.username));
    return turned_away({});
  }
  if (!known) {
    peer.common_name = common_name;
    peer.username = wanted.username;
    peer.own_username.reset();
    peer.identity = identity;
    peer.named = session.own_id();
  }
  if (by_username && wanted.username.size() > longest_common_name) {
    peer.log.error("{}", lines::username_too_long(longest_common_name));
    peer.log.error("{}", lines::auth_user_pass_failed);
    return turned_away({});
  }
  return true;
}

// Everybody who has a say is asked for it before the first answers.
Admission& Server::call_judges(ServerPeer& peer, const Session& session, const Exchange& which) {
  const options::Scripts& scripts = setup_.config.scripts;
  Admission& admission = peer.admissions.open(which.session, which.key_id);
  if (find_check(which.client, which.session) != nullptr) admission.ask(Judge::tls_crypt_v2);
  const Hooks::Occasion verify{PluginEvent::tls_verify, tls_verify_type, scripts.tls_verify};
  const bool has_certificate = !session.tls()->peer().chain.empty();
  if (hooks_.wanted(verify) && has_certificate) admission.ask(Judge::tls_verify);
  const PluginCalls& plugins = hooks_.plugins();
  const bool by_password = !which.by_token;
  const bool asks_plugins = by_password && plugins.wants(PluginEvent::auth_user_pass_verify);
  if (asks_plugins || plugins.wants(PluginEvent::tls_final)) admission.ask(Judge::plugin);
  if (by_password && scripts.auth_user_pass_verify.defined()) admission.ask(Judge::script);
  if (by_password && setup_.config.management.client_auth) admission.ask(Judge::manager);
  return admission;
}

// Only whose key and certificate have passed is asked for a user name and password.
void Server::check_login(const Exchange& which, const Login& login) {
  const auto open = find_undecided(which);
  if (!open) return;
  const auto& [peer, session, admission] = *open;
  const bool by_manager = admission.waits_for(Judge::manager);
  if (by_manager && !admission.waits_for(Judge::script)) {
    tell_checked(peer, "deferred", login->username);
  }
  if (by_manager) ask_manager(peer, session, which, *login);
  if (admission.waits_for(Judge::plugin)) return ask_plugins(peer, session, which, login);
  if (admission.waits_for(Judge::script)) ask_script(peer, session, which, login);
}

// With auth-user-pass-optional nothing is a login as well, and is judged as one.
bool Server::gives_login(const ServerPeer& peer, const session::AuthWanted& login) const {
  const bool whole = !login.username.empty() && !login.password.empty();
  if (whole || setup_.config.server.auth_user_pass_optional) return true;
  peer.log.error("{}", lines::auth_user_pass_missing);
  const bool script = setup_.config.scripts.auth_user_pass_verify.defined();
  const bool manager = setup_.config.management.client_auth;
  peer.log.error("the config of \"{}\" lacks \"auth-user-pass\", which this server asks for ({})",
                 peer.common_name,
                 script    ? "auth-user-pass-verify"
                 : manager ? "management-client-auth"
                           : "a plugin");
  return false;
}

Environment Server::login_environment(const ServerPeer& peer, const Session& session,
                                      const session::AuthWanted& login) const {
  const bool open = session.tls() != nullptr;
  Environment env = identity_environment(open ? session.tls()->peer() : peer.identity);
  env.set("common_name", peer.common_name);
  set_peer_address(env, "untrusted", peer.address.remote);
  env.merge(peer_info_environment(session.peer_info()));
  env.merge(peer.token_variables);
  if (peer.let_in) env.merge(connection_environment(peer));
  if (!login.username.empty()) env.set("username", login.username);
  return env;
}

void Server::ask_script(ServerPeer& peer, const Session& session, const Exchange& which,
                        const Login& login) {
  if (!gives_login(peer, *login)) return heard(which, Judge::script, false);
  const options::Scripts& scripts = setup_.config.scripts;
  // Another configuration has come since it was to be asked, and perhaps another judge.
  if (!scripts.auth_user_pass_verify.defined()) return heard(which, Judge::script, false);
  Environment env = login_environment(peer, session, *login);
  auto made = AuthAnswer::create(around_.store, scripts.tmp_dir);
  std::shared_ptr<TemporaryFile> file;
  std::vector<std::string> arguments;
  if (made && scripts.auth_via_file) {
    auto text = TemporaryFile::create(around_.store, scripts.tmp_dir, "up",
                                      login->username + "\n" + login->password.reveal() + "\n");
    if (!text) made = fail_with(text.error());
    if (text) arguments.push_back(text->path());
    if (text) file = std::make_shared<TemporaryFile>(std::move(*text));
  } else if (scripts.security >= security_passwords) {
    env.set("password", login->password.reveal());
  }
  if (!made) {
    peer.log.error("auth-user-pass-verify: {}", made.error().text());
    return heard(which, Judge::script, false);
  }
  const auto answer = std::make_shared<AuthAnswer>(std::move(*made));
  answer->set_variables(env);
  hooks_.run_in_order("user-pass-verify", scripts.auth_user_pass_verify, env, arguments,
                      {.log = peer.log, .wanted = while_asked(which, Judge::script)},
                      [this, which, login, answer, file](int status) {
                        script_answered(which, login, status, answer);
                      });
}

void Server::script_answered(const Exchange& which, const Login& login, int status,
                             std::shared_ptr<AuthAnswer> answer) {
  if (status == deferred_status) {
    return defer(which, Judge::script, login->username, std::move(answer));
  }
  if (status != 0) return heard(which, Judge::script, false, answer->reason());
  const bool manager_too = setup_.config.management.client_auth;
  if (ServerPeer* peer = find_client(which.client)) {
    tell_checked(*peer, manager_too ? "deferred" : "succeeded", login->username);
  }
  heard(which, Judge::script, true);
}

void Server::tell_checked(const ServerPeer& peer, std::string_view how,
                          const std::string& username) const {
  const bool is_name = setup_.config.server.username_as_common_name && !username.empty();
  peer.log.info(2, "{}", lines::password_checked(how, username, is_name));
}

// Whoever was asked answers later, through files.
void Server::defer(const Exchange& which, Judge who, const std::string& username,
                   std::shared_ptr<AuthAnswer> answer) {
  const auto open = find_undecided(which);
  if (!open) return;
  const auto& [peer, session, admission] = *open;
  if (const std::string text = answer->pending(); !text.empty()) {
    const auto pending = parse_pending_auth(text);
    if (!pending) {
      peer.log.error("auth pending control file is not at least three lines long.");
      return heard(which, who, false);
    }
    const auto methods = split(session.peer_info().find("IV_SSO").value_or(""), ',');
    if (std::ranges::find(methods, pending->method) == methods.end()) {
      peer.log.error("Client does not supported auth pending method '{}'",
                     printable(pending->method));
      return heard(which, who, false,
                   fmt::format("Authentication failed, required pending auth method '{}' not "
                               "supported",
                               pending->method));
    }
    postpone(peer, session, pending->timeout, pending->extra);
  }
  tell_checked(peer, "deferred", username);
  watch([this, which, who, answer = std::move(answer)] {
    return take_late_answer(which, who, *answer);
  });
  serve(peer);
}

bool Server::take_late_answer(const Exchange& which, Judge who, const AuthAnswer& answer) {
  const auto open = find_undecided(which);
  if (!open || !open->admission.waits_for(who)) return true;
  const AuthAnswer::Answer now = answer.look();
  if (now == AuthAnswer::Answer::none) return false;
  const bool yes = now == AuthAnswer::Answer::yes;
  heard(which, who, yes, yes ? std::string() : answer.reason());
  return true;
}

// The client has to be patient, and gets so much time.
void Server::postpone(ServerPeer& peer, Session& session, std::chrono::seconds timeout,
                      std::string_view extra) {
  const Duration limit = std::max<Duration>(setup_.session.reneg / 2, setup_.session.hand_window);
  session.extend_decision(now_, std::min<Duration>(timeout, limit));
  std::string pending = "AUTH_PENDING";
  if (session.peer_info().offers(wire::proto_auth_pending_kw)) {
    pending += fmt::format(",timeout {}", timeout.count());
  }
  for (const std::string& message : {pending, "INFO_PRE," + std::string(extra)}) {
    session.send_message(message, now_);
    peer.log.info(3, "{}", lines::sent_control(peer.common_name, message, true));
  }
}

void Server::heard(const Exchange& which, Judge who, bool yes, std::string told) {
  ServerPeer* peer = find_client(which.client);
  if (peer == nullptr) return;
  hear(*peer, which, who, yes, std::move(told));
  serve(*peer);
}

void Server::hear(ServerPeer& peer, const Exchange& which, Judge who, bool yes, std::string told) {
  Admission* admission = peer.admissions.find(which.session, which.key_id);
  Session* session = find_session(peer, which.session);
  if (admission == nullptr || session == nullptr || !admission->waits_for(who)) return;
  const auto verdict = yes ? admission->agree(who) : admission->refuse(who, std::move(told));
  if (verdict == Admission::Verdict::waiting) return;
  const Admission decided = *admission;
  peer.admissions.close(which.session, which.key_id);
  if (verdict == Admission::Verdict::admitted) return session->admit(which.key_id, now_);
  turn_down(peer, *session, which, decided);
}

void Server::turn_down(ServerPeer& peer, Session& session, const Exchange& which,
                       const Admission& admission) {
  switch (admission.refused_by().value_or(Judge::manager)) {
    case Judge::tls_crypt_v2:
    case Judge::tls_verify:
      return turn_out(peer, session);
    case Judge::script:
    case Judge::plugin:
      peer.log.error("{}", lines::auth_user_pass_failed);
      break;
    case Judge::manager:
      break;
  }
  const options::Script& script = setup_.config.scripts.auth_user_pass_verify;
  const bool by_script = admission.refused_by() == Judge::script && script.defined();
  if (by_script && admission.told().empty()) {
    peer.log.error(
        "{} refused the user name and password of \"{}\": correct them in its auth-user-pass",
        script.words.front(), peer.common_name);
  }
  refuse(peer, session, which.key_id, admission.told());
}

// As if its handshake had failed: it may try again, with the next server if it knows one.
void Server::turn_out(ServerPeer& peer, Session& session) {
  peer.log.error("{}", lines::tls_handshake_failed);
  const bool newcomer = &session != &peer.association.active();
  if (newcomer && peer.admitted()) return peer.association.drop_newcomer();
  constexpr Duration delivery = std::chrono::seconds(1);
  session.send_message("RESTART,[N]", now_);
  leave_soon(peer, "SIGUSR1", "tls-error");
  peer.leave_at = now_ + delivery;
}

Session* Server::find_session(ServerPeer& peer, const wire::SessionId& session) {
  Session& active = peer.association.active();
  if (active.own_id() == session) return &active;
  Session* newcomer = peer.association.newcomer();
  return newcomer != nullptr && newcomer->own_id() == session ? newcomer : nullptr;
}

// As long as it matters what somebody says.
std::function<bool()> Server::while_asked(const Exchange& which, Judge who) {
  return [this, which, who] {
    const auto open = find_undecided(which);
    return open && open->admission.waits_for(who);
  };
}

std::optional<Server::Undecided> Server::find_undecided(const Exchange& which) {
  ServerPeer* peer = find_client(which.client);
  Session* session = peer == nullptr ? nullptr : find_session(*peer, which.session);
  if (session == nullptr) return std::nullopt;
  const Admission* admission = peer->admissions.find(which.session, which.key_id);
  if (admission == nullptr) return std::nullopt;
  return Undecided{*peer, *session, *admission};
}

void Server::watch(std::function<bool()> look) {
  watched_.push_back(std::move(look));
  next_look_ = std::min(next_look_, now_ + look_interval);
}

void Server::look_for_answers() {
  next_look_ = Instant::max();
  for (auto& look : std::exchange(watched_, {})) {
    if (!look()) watch(std::move(look));
  }
}

}  // namespace adit::node
