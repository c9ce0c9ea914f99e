#include "app/server_run.h"

#include "app/caretaker.h"
#include "app/edge.h"
#include "app/inside.h"
#include "app/managed_server.h"
#include "app/management_host.h"
#include "app/own_key.h"
#include "app/plugin_host.h"
#include "app/server_reload.h"
#include "app/server_routes.h"
#include "app/server_sockets.h"
#include "app/title.h"
#include "base/text.h"
#include "node/identity_setup.h"
#include "node/lines.h"
#include "node/make_setup.h"
#include "node/plane_setup.h"
#include "node/server_hints.h"

namespace adit::app {

namespace {

// A larger max-clients can be taken up without a restart as far as this.
constexpr unsigned room_for_more = 1024;

// One life of a server, from its sockets to its end.
class ServerRun {
 public:
  ServerRun(Runtime& runtime, options::Config& config, Inside& inside)
      : runtime_(runtime), config_(config), inside_(inside) {}

  Status prepare(const SecretText& passphrase) {
    auto key = OwnKey::find(runtime_, config_);
    if (!key) return fail_with(key.error());
    own_key_ = std::move(*key);
    auto identity = node::Identity::load(config_, true, runtime_.store, passphrase,
                                         own_key_ ? own_key_->parts() : node::KeyElsewhere(),
                                         nullptr, runtime_.rights_dropped);
    if (!identity) return fail_with(identity.error());
    identity_ = std::move(*identity);
    const bool had_token_key = runtime_.random_token_key.has_value();
    auto setup = node::make_server_setup(
        config_,
        {*identity_, runtime_.rng, title(), process_facts(runtime_), &runtime_.random_token_key},
        runtime_.store);
    if (!setup) return fail_with(setup.error());
    setup_ = std::move(*setup);
    if (runtime_.random_token_key && !had_token_key) {
      runtime_.log.info(1, "{}", node::lines::random_token_key);
    }
    return open_link();
  }

  // After the process has settled: everything that touches the host.
  Status start() {
    if (Status up = bring_up(); !up) return up;
    if (Status started = edge_->start(); !started) return started;
    if (Status started = sockets_->start(); !started) return started;
    server_.emplace(
        setup_,
        node::Server::Surroundings{edge_->plane(), edge_->link(), *runtime_.processes,
                                   runtime_.store, runtime_.rng, runtime_.plugins.get()},
        runtime_.log, runtime_.loop->now(), runtime_.loop->wall());
    managed_.emplace(runtime_, *server_);
    tell_up();
    runtime_.log.info(1, "{}", node::lines::initialization_complete);
    runtime_.notifier.send("STATUS=Initialization Sequence Completed");
    server_->write_status(runtime_.loop->wall());
    if (Status dropped = drop_rights(runtime_, config_); !dropped) return dropped;
    identity_->enter_root();
    return {};
  }

  RunEnd serve() {
    runtime_.on_status = [this] { show_status(); };
    runtime_.lanes_alive = [this] { return edge_->lanes_alive(); };
    runtime_.facts = [this] {
      node::InstanceFacts facts = server_->facts();
      facts.device = inside_.tunnel->facts();
      if (care_) facts.dates = care_->dates();
      return facts;
    };
    take_care();
    runtime_.reload = [this](bool dry_run) { return reload(dry_run); };
    while (!runtime_.signal) turn();
    runtime_.reload = nullptr;
    care_.reset();
    const Signal signal = *std::exchange(runtime_.signal, std::nullopt);
    if (signal.number != SIGUSR1) hurry_plugins(runtime_);
    say_goodbye();
    runtime_.on_status = nullptr;
    runtime_.facts = nullptr;
    runtime_.lanes_alive = nullptr;
    server_->write_status(runtime_.loop->wall());
    server_->close();
    while (server_->scripts_running() && !runtime_.signal) runtime_.loop->run_once(Instant::max());
    server_->write_pool();
    managed_->tell_news();
    edge_->stop();
    managed_.reset();
    server_.reset();
    log_signal(runtime_.log, signal);
    tell_end(runtime_, signal);
    RunEnd end = end_of(signal, config_);
    end.keeps_device = end.next == RunEnd::Next::restart && config_.device.persist_tun;
    if (!end.keeps_device) {
      tell_tunnel_goes_down(runtime_);
      inside_.take_down({}, signal_for_scripts(signal));
      tell_up_down(runtime_, false, setup_.environment);
    }
    return end;
  }

 private:
  void take_care() {
    care_.reset();
    care_.emplace(runtime_, config_, *identity_,
                  [this] { server_->end_revoked(runtime_.loop->now()); });
  }

  options::ReloadReport reload(bool dry_run) {
    const auto look = [this] {
      take_care();
      return care_->look_now();
    };
    return reload_server(
        {runtime_, config_, *identity_, setup_, *server_, inside_, interface_, look}, dry_run);
  }

  void turn() {
    runtime_.loop->run_once(server_->deadline().at);
    server_->turn(runtime_.loop->now(), runtime_.loop->wall());
    managed_->tell_news();
    const std::string retreat = edge_->take_news();
    if (!retreat.empty()) runtime_.log.info(1, "{}", retreat);
  }

  void tell_up() {
    management::State state{"ASSIGN_IP"};
    if (setup_.facts.local4) state.local4 = setup_.facts.local4->text();
    if (setup_.facts.local6) state.local6 = setup_.facts.local6->text();
    tell_state(runtime_, state);
    tell_up_down(runtime_, true, setup_.environment);
    state.name = "CONNECTED";
    state.detail = "SUCCESS";
    tell_state(runtime_, state);
    if (runtime_.management) runtime_.management->tunnel_is_up(state);
  }

  void say_goodbye() {
    constexpr Duration delivery = std::chrono::seconds(1);
    if (!server_->announce_end(runtime_.loop->now())) return;
    const Instant until = runtime_.loop->now() + delivery;
    while (runtime_.loop->now() < until) {
      runtime_.loop->run_once(std::min(until, server_->deadline().at));
      server_->turn(runtime_.loop->now(), runtime_.loop->wall());
    }
  }

  void show_status() {
    const std::string text = node::render_server_status(server_->status(runtime_.loop->wall()),
                                                        config_.logging.status_version);
    for (std::string_view line : split(text, '\n')) {
      if (!line.empty()) runtime_.log.info(1, "{}", line);
    }
    server_->write_status(runtime_.loop->wall());
  }

  Status open_link() {
    auto plane = node::make_plane_setup(config_, config_.connection, setup_.mtu);
    plane.server = true;
    plane.most_peers = std::max(config_.server.max_clients, room_for_more);
    plane.client_to_client = config_.server.client_to_client;
    plane.engine = runtime_.engine.engine;
    plane.ipv6_answer_from = setup_.facts.local6.value_or(*ip::Address::parse_v6("fe80::7"));
    sockets_.emplace(runtime_, config_, [this](const ports::LinkAddress& from) {
      if (server_) server_->meet_stream(from, runtime_.loop->now());
    });
    auto link = sockets_->open({std::min(lanes_of(config_), inside_.device->queues()),
                                plane.largest_packet, plane.most_peers});
    if (!link) return fail_with(link.error());
    auto edge = Edge::create(runtime_, plane, *inside_.device, std::move(*link));
    if (!edge) return fail_with(edge.error());
    edge_ = std::move(*edge);
    return {};
  }

  Status bring_up() {
    const auto topology = config_.device.topology.value_or(options::Topology::net30);
    auto plan = node::make_tunnel_plan(config_.device, topology, setup_.mtu.tun_mtu);
    if (!plan) return fail_with(plan.error());
    plan->set_routes = !config_.routes.noexec;
    inside_.tunnel->remove_routes(*inside_.hooks, {});
    const node::RoutePlan routes = plan_server_routes(config_, *inside_.tunnel);
    if (Status up = inside_.tunnel->bring_up(*plan, *inside_.hooks, routes.environment); !up)
      return up;
    inside_.tunnel->add_routes(routes, *inside_.hooks, {});
    plan->facts.device = inside_.tunnel->name();
    interface_ = node::interface_environment(plan->facts);
    add_tunnel(setup_.environment, interface_, routes);
    const std::string note = node::link_mtu_note(config_, setup_.mtu);
    if (!note.empty()) runtime_.log.warn("{}", note);
    const bool forwards = runtime_.network->forwarding_enabled(ip::Family::v4);
    for (const std::string& hint : node::server_hints(config_, runtime_.store, forwards)) {
      runtime_.log.warn("{}", hint);
    }
    return {};
  }

  Runtime& runtime_;
  options::Config& config_;
  Inside& inside_;
  std::unique_ptr<OwnKey> own_key_;
  std::unique_ptr<node::Identity> identity_;
  node::ServerSetup setup_;
  node::Environment interface_;
  std::unique_ptr<Edge> edge_;
  std::optional<ServerSockets> sockets_;
  std::optional<node::Server> server_;
  std::optional<ManagedServer> managed_;
  std::optional<Caretaker> care_;
};

}  // namespace

Result<RunEnd> run_server(Runtime& runtime, options::Config& config,
                          std::unique_ptr<Inside>& inside, const SecretText& passphrase) {
  if (!inside) {
    auto made = Inside::create(runtime, config);
    if (!made) return fail_with(made.error());
    inside = std::move(*made);
  }
  ServerRun run(runtime, config, *inside);
  if (Status prepared = run.prepare(passphrase); !prepared) return fail_with(prepared.error());
  if (Status opened = inside->tunnel->open(); !opened) return fail_with(opened.error());
  if (Status settled = settle_process(runtime, config); !settled) return fail_with(settled.error());
  if (Status started = run.start(); !started) {
    inside->take_down({}, "init-failed");
    return fail_with(started.error());
  }
  return run.serve();
}

}  // namespace adit::app
