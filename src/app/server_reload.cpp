#include "app/server_reload.h"

#include <algorithm>

#include "app/server_routes.h"
#include "app/start.h"
#include "app/title.h"
#include "base/text.h"
#include "node/make_setup.h"
#include "options/table.h"

namespace adit::app {

namespace {

using options::Change;
using options::Changed;
using options::Issue;

constexpr std::size_t most_logged = 50;

class Reload {
 public:
  Reload(const LivingServer& living, bool dry_run) : living_(living), dry_run_(dry_run) {}

  options::ReloadReport run() {
    if (const Status prepared = prepare(); !prepared) {
      report_.errors.push_back(prepared.error().text());
    }
    if (!report_.errors.empty()) {
      report_.changes.clear();
    } else if (!dry_run_) {
      commit();
    }
    report_.clients = up([](const node::ServerPeer&) { return true; });
    report_.updatable = up([](const node::ServerPeer& peer) {
      return peer.association.active().peer_info().offers(wire::proto_push_update);
    });
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::size_t up(const std::function<bool(const node::ServerPeer&)>& wanted) const {
    return living_.server.count([&](const node::ServerPeer& peer) {
      return peer.phase == node::ServerPeer::Phase::up && wanted(peer);
    });
  }

  // Everything that can fail, without a change to the server.
  Status prepare() {
    options::Parsed fresh = living_.runtime.read_again();
    warnings_ = fresh.issues;
    if (refuse(fresh.issues)) return {};
    report_.changes = options::compare(living_.config, fresh.config);
    for (Changed& changed : report_.changes) judge(changed, fresh.config);
    const auto kept = options::kept_until_restart(report_.changes);
    options::Parsed combined = options::combine(living_.config, fresh.config, kept);
    if (refuse(combined.issues)) {
      report_.errors.emplace_back(
          "what needs a restart stays as it was, and that contradicts the rest: restart the server "
          "to take up both");
      return {};
    }
    config_ = std::move(combined.config);
    node::keep_key_files(config_, living_.runtime.store, &living_.config);
    return load();
  }

  Status load() {
    Runtime& runtime = living_.runtime;
    auto setup = node::make_server_setup(
        config_,
        {living_.identity, runtime.rng, title(), process_facts(runtime), &runtime.random_token_key},
        runtime.store);
    if (!setup) return fail_with(setup.error());
    setup_ = std::move(*setup);
    auto prepared = living_.identity.prepare(config_);
    if (!prepared) return fail_with(prepared.error());
    identity_ = std::move(*prepared);
    std::ranges::move(living_.server.changed_client_files(config_),
                      std::back_inserter(report_.changes));
    return {};
  }

  bool refuse(const options::Issues& issues) {
    for (const Issue& issue : issues) {
      if (issue.severity == Issue::Severity::error) report_.errors.push_back(issue.text());
    }
    return !report_.errors.empty();
  }

  // What the table cannot know.
  void judge(Changed& changed, const options::Config& fresh) const {
    const bool timer = changed.option == "keepalive" || changed.option.starts_with("ping");
    if (changed.option == "max-clients" && fresh.server.max_clients > living_.server.capacity()) {
      changed.effect = Change::restart;
      changed.note = fmt::format("without one at most {}", living_.server.capacity());
    } else if (timer && changed.effect == Change::now) {
      changed.note = "connected clients: of both the shorter ping, the longer wait";
    } else if (changed.option == "route-up" || changed.option == "route-pre-down") {
      changed.note = "when it runs next";
    }
  }

  void commit() {
    Runtime& runtime = living_.runtime;
    change_lines(runtime.output, living_.config.logging, config_.logging);
    living_.identity.become(std::move(identity_));
    living_.config = config_;
    take_up_routes();
    living_.setup = std::move(setup_);
    living_.inside.hooks->adopt(config_.scripts,
                                node::common_environment(config_, process_facts(runtime)));
    report_.updated = living_.server.reconfigure(runtime.loop->now());
    report_.told = living_.look();
    tell();
  }

  void take_up_routes() {
    const node::RoutePlan routes = plan_server_routes(config_, *living_.inside.tunnel);
    report_.failures = living_.inside.tunnel->change_routes(routes);
    add_tunnel(setup_.environment, living_.interface, routes);
  }

  void tell() const {
    const Log& log = living_.runtime.log;
    log.info(1, "Configuration read again: {} line(s) changed", report_.changes.size());
    std::size_t told = 0;
    for (const Changed& changed : report_.changes) {
      if (++told > most_logged) break;
      // Not the line itself: others may read the log.
      log.info(1, "reload: {}: {}{} ({})", printable(changed.at.text()), changed.option,
               changed.line.empty() ? " is gone" : "", options::name(changed.effect));
    }
    for (const std::string& failure : report_.failures) log.warn("reload: {}", failure);
    for (const Issue& issue : warnings_) log.warn("{}", issue.text());
  }

  const LivingServer& living_;
  const bool dry_run_;
  options::ReloadReport report_;
  options::Issues warnings_;
  options::Config config_;
  node::ServerSetup setup_;
  node::Identity::Prepared identity_;
};

}  // namespace

options::ReloadReport reload_server(const LivingServer& living, bool dry_run) {
  return Reload(living, dry_run).run();
}

}  // namespace adit::app
