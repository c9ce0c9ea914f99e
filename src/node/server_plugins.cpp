// What plugins of a server decide: who may enter, and with which options.

#include "node/keying_material.h"
#include "node/lines.h"
#include "node/server.h"

namespace adit::node {

using ports::PluginEvent;
using session::Session;

namespace {
constexpr Duration ask_again = std::chrono::seconds(1);
}

// ---- who may enter ----

// The user name and password, and then what TLS has come to.
void Server::ask_plugins(ServerPeer& peer, const Session& session, const Exchange& which,
                         const Login& login) {
  constexpr auto accepted = PluginAnswer::Verdict::accepted;
  if (which.by_token || !hooks_.plugins().wants(PluginEvent::auth_user_pass_verify)) {
    return plugins_checked(which, login, accepted, nullptr);
  }
  if (!gives_login(peer, *login)) return heard(which, Judge::plugin, false);
  auto made = AuthAnswer::create(around_.store, setup_.config.scripts.tmp_dir);
  if (!made) {
    peer.log.error("plugin: {}", made.error().text());
    return heard(which, Judge::plugin, false);
  }
  const auto answer = std::make_shared<AuthAnswer>(std::move(*made));
  Environment env = login_environment(peer, session, *login);
  env.set("password", login->password.reveal());
  answer->set_variables(env);
  hooks_.plugins().tell(
      {PluginEvent::auth_user_pass_verify, std::move(env), {}, plugin_context(peer)}, peer.log,
      [this, which, login, answer](const PluginAnswer& said) {
        plugins_checked(which, login, said.verdict, answer);
      });
}

void Server::plugins_checked(const Exchange& which, const Login& login,
                             PluginAnswer::Verdict verdict,
                             const std::shared_ptr<AuthAnswer>& answer) {
  const auto open = find_undecided(which);
  if (!open) return;
  const auto& [peer, session, admission] = *open;
  if (verdict == PluginAnswer::Verdict::refused) {
    return heard(which, Judge::plugin, false, answer ? answer->reason() : std::string());
  }
  Environment env = login_environment(peer, session, *login);
  if (answer) answer->set_variables(env);
  if (hooks_.plugins().wants(PluginEvent::tls_final)) {
    add_keying_material(env, session, setup_.config.channel, peer.log);
  }
  hooks_.plugins().tell({PluginEvent::tls_final, std::move(env), {}, plugin_context(peer)},
                        peer.log, [this, which, login, verdict, answer](const PluginAnswer& said) {
                          const auto refused = PluginAnswer::Verdict::refused;
                          plugins_decided(which, login, said.accepted() ? verdict : refused,
                                          answer);
                        });
}

void Server::plugins_decided(const Exchange& which, const Login& login,
                             PluginAnswer::Verdict verdict,
                             const std::shared_ptr<AuthAnswer>& answer) {
  const auto open = find_undecided(which);
  if (!open) return;
  const bool script = open->admission.waits_for(Judge::script);
  switch (verdict) {
    case PluginAnswer::Verdict::refused:
      return heard(which, Judge::plugin, false);
    case PluginAnswer::Verdict::deferred:
      defer(which, Judge::plugin, login->username, answer);
      break;
    case PluginAnswer::Verdict::accepted:
      if (answer && !script && !setup_.config.management.client_auth) {
        tell_checked(open->peer, "succeeded", login->username);
      }
      heard(which, Judge::plugin, true);
      break;
  }
  if (const auto still = find_undecided(which); still && script) {
    ask_script(still->peer, still->session, which, login);
  }
}

// ---- with which options ----

void Server::tell_plugins_of_address(const ServerPeer& peer) {
  hooks_.plugins().tell({PluginEvent::ipchange,
                         client_environment(peer),
                         {lines::address_and_port(peer.address.remote)}},
                        peer.log, [](const PluginAnswer&) {});
}

// One kind of client-connect for one client.
struct Server::PluginConnect {
  Coming coming;
  ConnectStage stage;
  std::optional<ConnectAnswer> files{};  // the first kind's

  [[nodiscard]] PluginEvent event(bool again) const {
    if (stage == ConnectStage::first_plugins) {
      return again ? PluginEvent::client_connect_defer : PluginEvent::client_connect;
    }
    return again ? PluginEvent::client_connect_defer_v2 : PluginEvent::client_connect_v2;
  }
  [[nodiscard]] std::string_view name() const {
    return stage == ConnectStage::first_plugins ? "client-connect" : "client-connect-v2";
  }
};

void Server::tell_plugins_of_connect(ServerPeer& peer, ConnectStage stage) {
  const auto connect = std::make_shared<PluginConnect>(PluginConnect{coming_of(peer), stage});
  const bool first = stage == ConnectStage::first_plugins;
  if (!hooks_.plugins().wants(connect->event(false))) {
    if (first) return tell_plugins_of_connect(peer, ConnectStage::second_plugins);
    return run_connect_script(peer);
  }
  if (first) {
    auto made = ConnectAnswer::create(around_.store, setup_.config.scripts.tmp_dir);
    if (!made) {
      peer.log.error("client-connect: {}", made.error().text());
      return refuse(peer);
    }
    connect->files = std::move(*made);
  }
  ask_plugins_of_connect(peer, connect, false);
}

void Server::ask_plugins_of_connect(ServerPeer& peer, const std::shared_ptr<PluginConnect>& connect,
                                    bool again) {
  PluginNews news{connect->event(again), client_environment(peer), {}, plugin_context(peer)};
  if (connect->files) {
    news.arguments = {connect->files->path()};
    connect->files->set_variables(news.env);
  }
  hooks_.plugins().tell(std::move(news), peer.log, [this, connect](const PluginAnswer& answer) {
    plugins_connected(answer, connect);
  });
}

// The answer of one kind; what stands in the file for late answers weighs more.
void Server::plugins_connected(const PluginAnswer& answer,
                               const std::shared_ptr<PluginConnect>& connect) {
  using Verdict = PluginAnswer::Verdict;
  ServerPeer* peer = find_coming(connect->coming);
  if (peer == nullptr) return;
  Verdict verdict = answer.verdict;
  const auto later = connect->files ? connect->files->look() : ConnectAnswer::Answer::none;
  if (later == ConnectAnswer::Answer::no) verdict = Verdict::refused;
  if (later == ConnectAnswer::Answer::later && verdict == Verdict::accepted) {
    verdict = Verdict::deferred;
  }
  if (verdict == Verdict::deferred && !hooks_.plugins().wants(connect->event(true))) {
    peer->log.error("a plugin answers {} later, but does not want to be asked again ({})",
                    ports::name_of(connect->event(false)), ports::name_of(connect->event(true)));
    verdict = Verdict::refused;
  }
  if (verdict == Verdict::deferred) {
    return watch([this, connect, at = now_ + ask_again] {
      ServerPeer* waiting = find_coming(connect->coming);
      if (waiting == nullptr) return true;
      if (now_ < at) return false;
      ask_plugins_of_connect(*waiting, connect, true);
      return true;
    });
  }
  if (verdict == Verdict::refused) {
    peer->log.warn("{}", lines::plugin_call_failed(connect->name()));
    refuse(*peer);
    return serve(*peer);
  }
  if (connect->files) {
    overlay_profile(*peer, connect->files->profile(), connect->files->path());
    if (!refuse_disabled(*peer)) {
      tell_plugins_of_connect(*peer, ConnectStage::second_plugins);
    }
  } else {
    for (const std::string& config : answer.configs) overlay_profile(*peer, config, "plugin");
    if (!refuse_disabled(*peer)) run_connect_script(*peer);
  }
  serve(*peer);
}

}  // namespace adit::node
