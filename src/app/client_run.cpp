#include "app/client_run.h"

#include <algorithm>

#include "app/caretaker.h"
#include "app/client_guard.h"
#include "app/client_link.h"
#include "app/client_login.h"
#include "app/client_remotes.h"
#include "app/client_setup.h"
#include "app/client_status.h"
#include "app/edge.h"
#include "app/inside.h"
#include "app/kill_switch.h"
#include "app/management_host.h"
#include "app/own_key.h"
#include "app/plugin_host.h"
#include "app/pushed_settings.h"
#include "node/certificate_script.h"
#include "node/failed_attempts.h"
#include "node/identity_setup.h"
#include "node/lines.h"
#include "node/plane_setup.h"
#include "system/network_watch.h"

namespace adit::app {

namespace {

// Attempt after attempt, until a signal or until there is nothing more to try.
class ClientRun {
 public:
  ClientRun(Runtime& runtime, const options::Config& config, Inside& inside, Remembered& remembered)
      : runtime_(runtime),
        config_(config),
        inside_(inside),
        remembered_(remembered),
        managed_(runtime, remotes_of(config)),
        remotes_(runtime, config, managed_, remembered),
        links_(runtime, config, remotes_, remembered),
        login_(runtime, config, remembered),
        certificate_script_(*inside.hooks, runtime.store, config.channel.hand_window, runtime.log) {
  }

  Status prepare(const SecretText& passphrase) {
    if (!config_.secret.defined()) {
      const bool server = config_.tls_role == options::TlsRole::server;
      auto key = OwnKey::find(runtime_, config_);
      if (!key) return fail_with(key.error());
      own_key_ = std::move(*key);
      auto identity = node::Identity::load(config_, server, runtime_.store, passphrase,
                                           own_key_ ? own_key_->parts() : node::KeyElsewhere(),
                                           &certificate_script_, runtime_.rights_dropped);
      if (!identity) return fail_with(identity.error());
      identity_ = std::move(*identity);
    }
    if (Status asked = login_.log_in(); !asked) return asked;
    std::string told;  // of link-mtu
    // Every remote's keys are looked at now, not when its turn comes.
    for (const options::Connection& connection : remotes_of(config_)) {
      const auto setup = make_setup(connection);
      if (!setup) return fail_with(setup.error());
      const std::string note = node::link_mtu_note(config_, setup->mtu);
      if (!note.empty() && note != told) runtime_.log.warn("{}", note);
      told = note;
    }
    return {};
  }

  RunEnd run() {
    auto watch = system::NetworkWatch::start(*runtime_.loop, [this] { network_changed(); });
    if (identity_) care_.emplace(runtime_, config_, *identity_, [this] { look_at_peer(); });
    while (!runtime_.signal) {
      const auto outcome = attempt();
      if (runtime_.signal || !outcome) break;
      after(*outcome);
    }
    Signal signal =
        std::exchange(runtime_.signal, std::nullopt).value_or(Signal{SIGTERM, false, {}, 0});
    if (signal.number != SIGUSR1) hurry_plugins(runtime_);
    const bool ends = signal.number == SIGTERM || signal.number == SIGINT;
    if (ends && signal.hard && signal.text.empty() && !met_while_alive_)
      signal.text = "init_instance";
    log_signal(runtime_.log, signal);
    tell_end(runtime_, signal);
    RunEnd end = end_of(signal, config_);
    if (end.next == RunEnd::Next::restart) remotes_.keep_place(met_while_alive_, was_up_);
    end.keeps_device = end.next == RunEnd::Next::restart && keeps_tun_;
    if (end.keeps_device) {
      keep_ways_free();
    } else {
      take_down(signal_for_scripts(signal));
    }
    end_guard(runtime_, end, signal);
    return end;
  }

 private:
  Result<node::ClientSetup> make_setup(const options::Connection& connection) {
    return make_client_setup(runtime_, config_, connection, identity_.get());
  }

  // ---- one attempt ----

  std::optional<node::Outcome> attempt() {
    if (!remotes_.choose()) return std::nullopt;
    const options::Connection& connection = remotes_.connection();
    forget_pushed_settings(runtime_, config_);
    if (auto lost = remotes_.find()) return lost;
    const auto next = remotes_.address();
    if (next && !inside_.tunnel->keep_beside(*next)) remove_routes();
    if (identity_) {
      identity_->hold_own(false);
      static_cast<void>(care_->look_now());
    }
    auto setup = make_setup(connection);
    if (!setup) return give_up(setup.error());
    setup_ = std::move(*setup);
    if (runtime_.management && runtime_.management->new_auth_retry()) {
      setup_.config.client.auth_retry = *runtime_.management->new_auth_retry();
    }
    auto edge = open_edge(connection);
    if (runtime_.signal) return std::nullopt;
    if (!edge) return failed_attempt(edge.error());
    return live(**edge);
  }

  std::optional<node::Outcome> give_up(const Error& error) {
    runtime_.log.fatal("{}", error.text());
    return node::Outcome{node::Outcome::Next::exit, 1, "SIGTERM", "init-failed", {}, {}, false, {}};
  }

  std::optional<node::Outcome> failed_attempt(const Error& error) {
    node::Outcome outcome;
    outcome.signal = "SIGUSR1";
    outcome.text = links_.failure().empty() ? "init_instance" : links_.failure();
    if (links_.failure().empty()) {
      runtime_.log.error("{}", error.text());
      return outcome;
    }
    if (!error.what.empty()) runtime_.log.info(1, "{}", error.what);
    if (!error.advice.empty()) runtime_.log.info(1, "{}", error.advice);
    return outcome;
  }

  Result<std::unique_ptr<Edge>> open_edge(const options::Connection& connection) {
    auto plane = node::make_plane_setup(config_, connection, setup_.mtu);
    plane.bare = setup_.static_key.has_value();
    plane.engine = runtime_.engine.engine;
    plane.ipv6_answer_from = *ip::Address::parse_v6("fe80::7");
    auto opened = links_.open(connection, remotes_.address(), plane.largest_packet);
    if (!opened) return fail_with(opened.error());
    remote_ = opened->remote;
    setup_.way = opened->way;
    keeper_ = std::move(opened->keeper);
    if (remote_) certificate_script_.set_peer(remote_->remote);
    own_end_ = opened->own_end;
    return Edge::create(runtime_, plane, *inside_.device, std::move(opened->link));
  }

  // ---- while the attempt lasts ----

  std::optional<node::Outcome> live(Edge& edge) {
    if (identity_) identity_->hold_own(config_.tls_role != options::TlsRole::server);
    if (Status started = edge.start(); !started) return give_up(started.error());
    client_.emplace(setup_, remembered_.memory,
                    node::Client::Surroundings{edge.plane(), edge.link(), *inside_.tunnel,
                                               *inside_.hooks, runtime_.rng, &runtime_.store},
                    runtime_.log, remote_, runtime_.loop->now(), runtime_.loop->wall());
    managed_.set_client(&*client_, setup_.environment);
    tell_state(runtime_, {"WAIT"});
    runtime_.on_status = [this] { status_.show(*client_); };
    runtime_.lanes_alive = [&edge] { return edge.lanes_alive(); };
    runtime_.facts = [this] {
      node::InstanceFacts facts = client_->facts();
      facts.device = inside_.tunnel->facts();
      if (care_) facts.dates = care_->dates();
      return facts;
    };
    path_ = path_to_server();
    bool announced = false;
    while (!runtime_.signal && !client_->outcome()) {
      const Instant status_due = status_.due();
      runtime_.loop->run_once(std::min(client_->deadline().at, status_due));
      client_->turn(runtime_.loop->now(), runtime_.loop->wall());
      managed_.tell_news(own_end_);
      follow_device(runtime_, *inside_.tunnel);
      if (client_->wants_credentials()) login_.renew(*client_);
      const std::string retreat = edge.take_news();
      if (!retreat.empty()) runtime_.log.info(1, "{}", retreat);
      if (client_->up() && !announced) {
        announced = true;
        take_pushed_settings(runtime_, config_, client_->pulled(), edge);
        keeps_tun_ = config_.device.persist_tun || client_->pulled().persist_tun;
        came_up();
      }
      if (runtime_.loop->now() >= status_due) status_.write(*client_);
    }
    was_up_ = client_->up();
    auto outcome = client_->outcome();
    if (outcome && has_better_certificate(*outcome)) {
      runtime_.log.info(1, "The certificate was renewed since this connection began: trying again");
      outcome->next = node::Outcome::Next::restart;
      outcome->signal = "SIGUSR1";
    }
    if (outcome) end_if_final(*outcome);
    const int number = runtime_.signal ? runtime_.signal->number : 0;
    met_while_alive_ = number != 0;
    if (number == SIGTERM || number == SIGINT) leave();
    runtime_.on_status = nullptr;
    runtime_.facts = nullptr;
    runtime_.lanes_alive = nullptr;
    status_.write(*client_);
    edge.stop();
    client_->close();
    const bool direct = !setup_.connection.http_proxy && !setup_.connection.socks_proxy;
    if (was_up_ && remote_ && direct && config_.client.persist_remote_ip) {
      remembered_.known_remote = setup_.connection.remote;
      remembered_.known_address = remote_->remote.address;
    }
    peer_environment_ = client_->peer_environment();
    managed_.set_client(nullptr, {});
    login_.stop_asking();
    client_.reset();
    keeper_.reset();
    return outcome ? outcome : node::Outcome{};
  }

  void take_down(std::string_view why) {
    tell_tunnel_goes_down(runtime_);
    inside_.take_down(peer_environment_, why);
    if (std::exchange(told_up_, false)) tell_up_down(runtime_, false, peer_environment_);
  }

  void remove_routes() { inside_.tunnel->remove_routes(*inside_.hooks, peer_environment_); }

  // To servers and to those who know their addresses, past a tunnel that stays.
  void keep_ways_free() {
    if (!rest_guard(runtime_, config_, *inside_.tunnel)) remove_routes();
  }

  void look_at_peer() {
    const auto revoked = client_ ? client_->peer_revoked() : std::nullopt;
    if (!revoked) return;
    runtime_.log.error("{}: the connection ends", *revoked);
    runtime_.raise({SIGUSR1, false, "certificate-revoked", 0});
  }

  void came_up() {
    told_up_ = true;
    path_ = path_to_server();
    runtime_.notifier.send("STATUS=Initialization Sequence Completed");
    keep_rights_for_names(runtime_, config_);
    if (Status dropped = drop_rights(runtime_, config_); !dropped) {
      runtime_.log.fatal("{}", dropped.error().text());
      runtime_.raise({SIGTERM, false, "privileges", 1});
    } else if (identity_) {
      identity_->enter_root();
    }
  }

  void leave() {
    const auto until = client_->announce_end(runtime_.loop->now());
    if (!until) return;
    while (runtime_.loop->now() < *until) {
      runtime_.loop->run_once(std::min(*until, client_->deadline().at));
      client_->turn(runtime_.loop->now(), runtime_.loop->wall());
    }
    runtime_.signal->hard = false;
    runtime_.signal->text = "exit-with-notification";
  }

  // ---- after the attempt ----

  // Whose certificate was replaced while it was connected comes back with the new one.
  [[nodiscard]] bool has_better_certificate(const node::Outcome& outcome) const {
    return outcome.next == node::Outcome::Next::exit && outcome.text == "auth-failure" && was_up_ &&
           identity_ && identity_->holds_back();
  }

  void end_if_final(const node::Outcome& outcome) {
    if (outcome.next != node::Outcome::Next::exit) return;
    runtime_.raise({SIGTERM, false, outcome.text, outcome.exit_status});
  }

  void after(const node::Outcome& outcome) {
    end_if_final(outcome);
    if (runtime_.signal) return;
    if (outcome.signal.empty()) return;
    tell_end(runtime_, {SIGUSR1, false, outcome.text, 0});
    runtime_.log.info(
        1, "{}",
        node::lines::signal_received(outcome.signal, false, outcome.text, "process restarting"));
    const auto storm = failed_attempts_.note(outcome.text, was_up_, runtime_.loop->wall());
    if (storm) runtime_.log.info(1, "{}", *storm);
    using Usr1 = options::Process::Usr1;
    if (config_.process.remap_usr1 != Usr1::usual) {
      const int number = config_.process.remap_usr1 == Usr1::sighup ? SIGHUP : SIGTERM;
      return runtime_.raise({number, false, outcome.text, 0});
    }
    if (!keeps_tun_) {
      take_down(outcome.text);
    } else if (leads_into_tunnel(path_to_server())) {
      remove_routes();
    }
    keep_ways_free();
    login_.expect(outcome);
    const bool was_held = hold_if_wanted(runtime_, 1);
    if (runtime_.signal) return;
    if (Status asked = login_.log_in(); !asked) {
      if (runtime_.signal) return;
      runtime_.log.fatal("{}", asked.error().text());
      return runtime_.raise({SIGTERM, false, "auth-user-pass", 1});
    }
    remotes_.move_on(std::exchange(was_up_, false), outcome.advance);
    if (const auto rounds = remotes_.rounds_in_vain()) {
      runtime_.log.fatal(
          "All connections have been connect-retry-max ({}) times unsuccessful, exiting", *rounds);
      return runtime_.raise({SIGTERM, false, "connect-retry-max", 1});
    }
    if (was_held) return;
    const auto pause = remotes_.pause(outcome.backoff.value_or(std::chrono::seconds(0)));
    runtime_.log.info(2, "{}", node::lines::restart_pause(pause));
    runtime_.rest(pause);
  }

  // ---- the network under us ----

  // The route that kept the server reachable beside the tunnel is gone with its network.
  [[nodiscard]] bool leads_into_tunnel(const std::optional<ports::Path>& path) const {
    return path && path->device == inside_.tunnel->name();
  }

  std::optional<ports::Path> path_to_server() const {
    if (setup_.way) return runtime_.network->path_to(*setup_.way);
    return remote_ ? runtime_.network->path_to(remote_->remote.address) : std::nullopt;
  }

  void network_changed() {
    if (!client_ || !path_) return;
    const auto now = path_to_server();
    if (!now || *now == *path_) return;
    if (!client_->up()) {
      path_ = now;
      return;
    }
    runtime_.log.info(1, "The way to the server has changed (now by {}): reconnecting",
                      leads_into_tunnel(now) ? "the tunnel itself" : now->device);
    path_ = now;
    remove_routes();
    runtime_.raise({SIGUSR1, false, "network-change", 0});
  }

  Runtime& runtime_;
  const options::Config& config_;
  Inside& inside_;
  Remembered& remembered_;
  ManagedClient managed_;
  ClientRemotes remotes_;
  ClientLinks links_;
  ClientLogin login_;
  node::CertificateScript certificate_script_;
  std::unique_ptr<OwnKey> own_key_;
  std::unique_ptr<node::Identity> identity_;
  node::ClientSetup setup_;
  std::optional<ports::LinkAddress> remote_;
  std::optional<ip::Endpoint> own_end_;
  std::unique_ptr<RelayKeeper> keeper_;
  std::optional<ports::Path> path_;
  std::optional<node::Client> client_;
  std::optional<Caretaker> care_;
  node::Environment peer_environment_;
  ClientStatus status_{runtime_, config_};
  bool was_up_ = false;
  bool met_while_alive_ = false;  // the signal: not between two attempts
  bool told_up_ = false;          // to the manager
  bool keeps_tun_ = config_.device.persist_tun;
  node::FailedAttempts failed_attempts_;
};

}  // namespace

Result<RunEnd> run_client(Runtime& runtime, const options::Config& config,
                          std::unique_ptr<Inside>& inside, const SecretText& passphrase,
                          Remembered& remembered) {
  begin_names(runtime, config);
  if (!inside) {
    auto made = Inside::create(runtime, config);
    if (!made) return fail_with(made.error());
    inside = std::move(*made);
  }
  ClientRun run(runtime, config, *inside, remembered);
  if (Status prepared = run.prepare(passphrase); !prepared) return fail_with(prepared.error());
  if (Status settled = settle_process(runtime, config); !settled) return fail_with(settled.error());
  if (Status closed = settle_kill_switch(runtime, config); !closed)
    return fail_with(closed.error());
  return run.run();
}

}  // namespace adit::app
