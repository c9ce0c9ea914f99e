// What the session says, and the answers of one end of a single tunnel.

#include "node/client.h"
#include "node/echo_line.h"
#include "node/handshake_log.h"
#include "node/keying_material.h"
#include "node/lines.h"
#include "node/option_mismatch.h"
#include "options/pushed.h"

namespace adit::node {

namespace {
// Mostly the options come at once, and there is no waiting to be told.
constexpr Duration tell_waiting_after = std::chrono::seconds(1);
constexpr auto nointeract_backoff = std::chrono::seconds(10);
}  // namespace

void Client::handle(Happening& happening) {
  session::Event& event = happening.event;
  if (const auto* wanted = std::get_if<session::AuthWanted>(&event)) {
    happening.session->admit(wanted->key_id, now_);
  } else if (std::holds_alternative<session::Established>(event)) {
    on_established(happening);
  } else if (const auto* pushed = std::get_if<session::Pushed>(&event)) {
    on_pushed(pushed->options);
  } else if (const auto* later = std::get_if<session::PushedLater>(&event)) {
    on_pushed_later(later->options);
  } else if (const auto* updated = std::get_if<session::PushUpdated>(&event)) {
    on_push_updated(updated->options);
  } else if (const auto* ready = std::get_if<session::KeysReady>(&event)) {
    session::Session& session = *happening.session;
    // Only a session's first key has the id 0.
    if (ready->key_id != 0 && session.tls() != nullptr) {
      log_peer(log_, session, false);
      if (!plugins_agree(session)) return;
      identity_ = session.tls()->peer();
    }
    install(*ready);
  } else if (const auto* send = std::get_if<session::SendKey>(&event)) {
    around_.plane.use_key(the_peer, send->key_id);
  } else if (const auto* retired = std::get_if<session::KeyRetired>(&event)) {
    around_.plane.retire_key(the_peer, retired->key_id);
  } else if (const auto* message = std::get_if<session::MessageReceived>(&event)) {
    on_message(message->message);
  } else if (const auto* renewing = std::get_if<session::Renegotiating>(&event)) {
    log_.info(3, "TLS: soft reset {} for key {}", renewing->by_peer ? "by the peer" : "sent",
              renewing->key_id);
    arm(*happening.session);
  } else if (const auto* failed = std::get_if<session::Failed>(&event)) {
    on_failure(happening, *failed);
  }
}

// Plugins that want to know what TLS has come to may object, and the tunnel with it.
bool Client::plugins_agree(session::Session& session) {
  PluginCalls& plugins = around_.hooks.plugins();
  if (!plugins.wants(ports::PluginEvent::tls_final)) return true;
  Environment env = identity_environment(session.tls()->peer());
  if (remote_) set_peer_address(env, "untrusted", remote_->remote);
  env.set("common_name", session.tls()->peer().common_name);
  add_keying_material(env, session, setup_.config.channel, log_);
  if (plugins.tell_and_wait({ports::PluginEvent::tls_final, std::move(env)}).accepted())
    return true;
  end(Outcome::Next::restart, "SIGUSR1", "tls-error");
  return false;
}

void Client::on_established(const Happening& happening) {
  session::Session& session = *happening.session;
  log_peer(log_, session, false);
  if (!plugins_agree(session)) return;
  if (happening.replaced && newcomer_from_) remote_ = *std::exchange(newcomer_from_, std::nullopt);
  identity_ = session.tls()->peer();
  peer_name_ = identity_.common_name;
  log_.info(1, "{}", lines::peer_connected(peer_name_, remote_->remote));
  tell_address();
  retire_others_ = happening.replaced;
  set_plane_peer();
  if (setup_.session.exchange == session::Exchange::point_to_point) {
    negotiate_point_to_point();
  } else {
    tell_waiting_at_ = now_ + tell_waiting_after;
  }
}

// "ipchange cmd": the authenticated address of the peer is known, or is another one now. The first
// time it runs before the tunnel comes up, as stock's; later nothing waits for it.
void Client::tell_address() {
  const Hooks::Occasion change{ports::PluginEvent::ipchange, "ipchange",
                               setup_.config.scripts.ipchange};
  if (!around_.hooks.wanted(change) || told_address_ == remote_->remote) return;
  told_address_ = remote_->remote;
  const std::vector<std::string> arguments{lines::address_and_port(remote_->remote)};
  if (up_) {
    around_.hooks.tell_in_order(change, peer_environment(), arguments, {.subjects = {"ipchange"}},
                                0, [](bool) {});
  } else {
    static_cast<void>(around_.hooks.tell_and_wait(change, peer_environment(), arguments,
                                                  setup_.session.hand_window));
  }
}

void Client::on_pushed(const std::vector<std::string>& options) {
  tell_waiting_at_ = Instant::max();
  tell_received("PUSH_REPLY", options);
  pulled_ = options::pulled_from(setup_.config);
  const auto applied = options::apply_pushed(options, setup_.config, pulled_);
  for (const options::Issue& issue : applied.issues) log_.warn("{}", issue.text());
  if (applied.verdict == options::PushVerdict::restart) {
    return end(Outcome::Next::restart, "SIGUSR1", "process-push-msg-failed");
  }
  if (applied.verdict == options::PushVerdict::fatal) {
    return end(Outcome::Next::exit, "SIGTERM", "process-push-msg-failed", 1);
  }
  const auto negotiated =
      session::choose_as_client(setup_.offer,
                                {pulled_.cipher, pulled_.peer_id, pulled_.tls_ekm,
                                 pulled_.dyn_tls_crypt, pulled_.cc_exit, pulled_.aead_epoch},
                                association_->active().peer_options());
  if (!negotiated) {
    log_.error("ERROR: failed to negotiate cipher with server: {}", negotiated.error().text());
    return end(Outcome::Next::exit, "SIGTERM", "process-push-msg-failed", 0);
  }
  if (pulled_.compression) compression_ = *pulled_.compression;
  tell_mismatches({setup_.session.options, association_->active().peer_options(),
                   pulled_.compression.has_value()},
                  log_);
  if (setup_.config.client.auth_nocache) forget_password();
  remember_token(pulled_);
  const std::vector<std::string>& echoes = pulled_.scripts.echoes;
  for (std::size_t at = setup_.config.scripts.echoes.size(); at < echoes.size(); ++at) {
    note(ClientNews::Kind::echo, echoes[at]);
    if (const auto line = echo_line(echoes[at], true)) log_.info(1, "{}", *line);
  }
  tell_imported(applied.taken);
  const unsigned mtu = tun_mtu_to_use(setup_.mtu, pulled_.tun_mtu);
  if (!bring_up(pulled_.device, pulled_.routes, mtu)) return;
  association_->active().configure(*negotiated, now_);
  set_plane_peer();
  log_data_channel(log_, *negotiated, negotiated->peer_id, compression_name(compression_),
                   setup_.config.channel.cipher);
  tell_replaced_timers();
  start_timers(pulled_.timers);
  log_protocol_options(log_, exit_notify(), *negotiated);
  settle();
}

void Client::tell_replaced_timers() {
  const options::Timers& own = setup_.config.timers;
  const options::Timers& pushed = pulled_.timers;
  const bool ping = own.ping.count() > 0 && own.ping != pushed.ping;
  const bool restart = own.ping_restart_set && own.ping_restart != pushed.ping_restart;
  if (!ping && !restart) return;
  log_.info(
      3, "the server's ping {}, ping-restart {} replace ping {}, ping-restart {} of this config",
      pushed.ping.count(), pushed.ping_restart.count(), own.ping.count(), own.ping_restart.count());
}

void Client::tell_received(std::string_view keyword, const std::vector<std::string>& options) {
  std::string text(keyword);
  for (const std::string& option : options) text += "," + option;
  log_.info(3, "{}", lines::push_received(text));
}

void Client::tell_imported(const std::vector<std::string>& names) const {
  for (const std::string& line : lines::options_imported(names, pulled_.tun_mtu)) {
    log_.info(3, "{}", line);
  }
}

void Client::on_pushed_later(const std::vector<std::string>& options) {
  tell_received("PUSH_REPLY", options);
  options::Pulled later = pulled_;
  for (const options::Issue& issue : options::apply_pushed(options, setup_.config, later).issues) {
    log_.warn("{}", issue.text());
  }
  remember_token(later);
}

void Client::forget_password() {
  memory_.forget();
  association_->active().set_credentials({});
}

void Client::remember_token(const options::Pulled& pulled) {
  if (pulled.auth_token.empty()) return;
  memory_.token = pulled.auth_token;
  note(ClientNews::Kind::token, pulled.auth_token.reveal());
  memory_.token_user = pulled.auth_token_user;
  token_in_use_ = true;
  association_->active().set_credentials(memory_.to_send());
}

void Client::install(const session::KeysReady& ready) {
  const auto& negotiated = association_->active().negotiated();
  if (!negotiated) return;
  options::Channel channel = setup_.config.channel;
  const auto spec =
      make_key_spec(*negotiated, ready.material, ready.key_id, setup_.session.tls_server, channel);
  if (retire_others_) {
    for (std::uint8_t id = 0; id < wire::key_id_count; ++id) around_.plane.retire_key(the_peer, id);
    retire_others_ = false;
  }
  if (Status installed = around_.plane.install_key(the_peer, spec); !installed) {
    log_.error("data channel: {}", installed.error().text());
    end(Outcome::Next::restart, "SIGUSR1", "tls-error");
  }
}

void Client::on_message(const wire::ControlMessage& message) {
  using wire::MessageKind;
  switch (message.kind) {
    case MessageKind::auth_failed:
      return on_auth_failed(message);
    case MessageKind::auth_pending: {
      const auto wait = wire::parse_auth_pending(message.rest);
      const auto limit = std::max<Duration>(setup_.session.reneg / 2, setup_.session.hand_window);
      const Duration extended =
          std::min<Duration>(wait ? Duration(*wait) : setup_.session.hand_window, limit);
      log_.info(
          3, "AUTH_PENDING received, extending handshake timeout from {}s to {}s",
          std::chrono::duration_cast<std::chrono::seconds>(setup_.session.hand_window).count(),
          std::chrono::duration_cast<std::chrono::seconds>(extended).count());
      association_->active().extend_wait(now_, extended);
      note(ClientNews::Kind::pending,
           fmt::format("timeout {}",
                       std::chrono::duration_cast<std::chrono::seconds>(extended).count()));
      return;
    }
    case MessageKind::restart:
    case MessageKind::halt: {
      const auto shutdown = wire::parse_peer_shutdown(message.rest);
      const bool halt = message.kind == MessageKind::halt;
      log_.info(1, "{}", lines::restart_pushed(halt, shutdown.text));
      note(ClientNews::Kind::notify,
           fmt::format("info,{},", halt ? "server-pushed-halt" : "server-pushed-connection-reset"));
      if (halt) return end(Outcome::Next::exit, "SIGTERM", "server-pushed-halt");
      end(Outcome::Next::restart, "SIGUSR1", "server-pushed-connection-reset");
      outcome_->ask_credentials_again = !message.rest.empty() && !shutdown.keep_credentials;
      outcome_->advance =
          shutdown.next_remote ? wire::AuthFailed::Advance::remote : wire::AuthFailed::Advance::no;
      return;
    }
    case MessageKind::exit:
      log_.info(1, "{}", lines::exit_received);
      note(ClientNews::Kind::notify, "info,remote-exit,EXIT");
      return end(Outcome::Next::restart, "SIGUSR1", "remote-exit");
    case MessageKind::info:
    case MessageKind::info_pre:
      log_.info(1, "Info command was pushed by server ('{}')", message.rest);
      note(ClientNews::Kind::info, message.rest);
      return;
    default:
      log_.info(3, "WARNING: Received unknown control message: {}", message.text);
      return;
  }
}

// What to do when the server has refused us, as far as its reason tells.
std::string Client::advice_for_refusal(std::string_view reason) const {
  if (reason.find("cipher negotiation failed") != std::string_view::npos) {
    return "the server takes none of our data-ciphers (" + setup_.config.channel.data_ciphers_text +
           "): add one of the server's";
  }
  if (reason.starts_with("CRV1:")) {
    return "the server asks back, and this config does not let anybody answer: add \"auth-retry "
           "interact\"";
  }
  const options::FileOrInline& file = setup_.config.client.auth_user_pass_file;
  if (!setup_.config.client.auth_user_pass) {
    return "the server refused this client; if it wants a user name and password, add "
           "\"auth-user-pass\"";
  }
  const std::string where = !file.defined()  ? "was typed in"
                            : file.is_inline ? "stands in <auth-user-pass>"
                                             : "stands in " + file.path;
  return "the server refused user name and password: correct what " + where;
}

void Client::on_auth_failed(const wire::ControlMessage& message) {
  using Advance = wire::AuthFailed::Advance;
  const auto failed = wire::parse_auth_failed(message.rest);
  log_.error("{}", lines::auth_failed_received(message.text));
  if (failed.kind == wire::AuthFailed::Kind::temporary) {
    end(Outcome::Next::restart, "SIGUSR1", "auth-temp-failure (server temporary reject)");
    outcome_->backoff = failed.backoff;
  } else if (token_in_use_) {
    memory_.token.wipe();
    end(Outcome::Next::restart, "SIGUSR1", "auth-failure (auth-token)");
  } else {
    end_refused(message.rest);
  }
  const bool moves_on = failed.advance != Advance::default_;
  outcome_->advance = moves_on ? failed.advance : Advance::no;
  if (failed.kind == wire::AuthFailed::Kind::challenge) outcome_->challenge = message.rest;
  note(ClientNews::Kind::auth_failed, message.rest);
}

// Name and password did not do.
void Client::end_refused(const std::string& reason) {
  using Retry = options::Client::AuthRetry;
  const Retry retry = setup_.config.client.auth_retry;
  const bool asked_back = reason.starts_with("CRV1:") && retry == Retry::interact;
  if (!asked_back) log_.error("{}", advice_for_refusal(reason));
  if (retry == Retry::none) {
    return end(Outcome::Next::exit, "SIGTERM", "auth-failure",
               setup_.config.client.auth_failed_status);
  }
  end(Outcome::Next::restart, "SIGUSR1", "auth-failure");
  if (retry == Retry::nointeract) {
    outcome_->backoff = nointeract_backoff;
  } else {
    outcome_->ask_credentials_again = true;
  }
}

bool Client::respond(std::string_view answer, Instant now) {
  if (!association_) return false;
  now_ = now;
  association_->active().send_message("CR_RESPONSE," + std::string(answer), now_);
  transmit();
  return true;
}

void Client::on_failure(const Happening& happening, const session::Failed& failed) {
  log_failure(log_, failed, setup_.session.hand_window);
  if (!failed.answered && !happening.newcomer) {
    const std::string text =
        "No reply from the peer at all. If it uses tls-auth or tls-crypt, this config needs "
        "the same key; otherwise look at addresses, ports and firewalls";
    if (memory_.is_new(text)) log_.error("{}", text);
  }
  if (happening.newcomer || failed.alive) {
    // Data still flows under the old key: a fresh session is tried beside it.
    if (setup_.session.tls_server) return association_->drop_newcomer();
    association_->start_newcomer(make_session());
    return;
  }
  if (setup_.connection.proto.is_tcp()) log_.error("{}", lines::fatal_tls_error);
  if (setup_.config.channel.tls_exit) return end(Outcome::Next::exit, "SIGTERM", "tls-error", 1);
  end(Outcome::Next::restart, "SIGUSR1", "tls-error");
}

std::optional<std::string> Client::peer_revoked() const {
  if (setup_.session.tls == nullptr) return std::nullopt;
  const tls::ChainEntry* const revoked = setup_.session.tls->revoked(identity_.chain);
  if (revoked == nullptr) return std::nullopt;
  return lines::certificate_revoked(revoked->depth, revoked->subject, revoked->serial);
}

}  // namespace adit::node
