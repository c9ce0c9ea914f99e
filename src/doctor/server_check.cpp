// A server's side: from its configuration to a packet forwarded to the networks behind it.

#include <algorithm>

#include "base/text.h"
#include "doctor/client_routes.h"
#include "doctor/firewall_stage.h"
#include "doctor/host_stages.h"
#include "doctor/kernel_inside.h"
#include "doctor/lan_hosts.h"
#include "doctor/network_stages.h"
#include "doctor/probe_identity.h"
#include "options/parser.h"
#include "system/holders.h"

namespace adit::doctor {

namespace {

std::string path_in(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// Where the server is asked from this host.
std::string own_host(const options::Config& server) {
  if (!server.connection.local.empty()) return server.connection.local;
  const bool only_v6 = server.connection.proto.family == ip::Family::v6;
  return only_v6 ? "::1" : "127.0.0.1";
}

class ServerTest {
 public:
  ServerTest(const ServerCheck& check, options::Config config, const Surroundings& around)
      : check_(check),
        config_(std::move(config)),
        around_(around),
        files_(around.store, check.directory) {
    report_.subject = "server " + config_.source;
  }

  Report run() {
    test_process(report_, port_holder());
    test_forwarding(report_, forwarded_families(config_, networks()), around_.network);
    if (check_.rules) {
      around_.step("looking at the firewall");
      firewall_ = look_at_firewall(*check_.rules);
      test_firewall(report_, *firewall_, check_.rules->owner, check_.rules_expected,
                    "adit firewall load --dir " + check_.directory);
    }
    const auto profile = load_profile();
    if (!profile) {
      report_.not_tested("handshake", "handshake", profile.error().what, profile.error().advice);
      return skip("there is no client to test with");
    }
    const auto endpoints = endpoints_of((*profile)->connections().front());
    if (!endpoints) {
      report_.not_tested("handshake", "handshake", endpoints.error().what);
      return skip("the server has no address");
    }
    node::ClientSetup setup;
    const auto session =
        shake_hands(report_, **profile, *endpoints, (*profile)->connections().front(), setup,
                    around_, check_.limits);
    if (!session) return skip("there is no session");
    InsidePlan plan = plan_of(session->client().pulled(), setup);
    if (config_.device.ifconfig) {
      const auto own = ip::Address::parse_v4(config_.device.ifconfig->first);
      if (own) plan.far_end.insert(plan.far_end.begin(), *own);
    }
    const auto far_end = test_tunnel_address(report_, *session, plan, around_.rng, check_.limits);
    test_lans(*session, plan);
    around_.step("filling the tunnel");
    session->settle(check_.limits.for_path);
    test_capacity(report_, *session, plan, far_end, around_.rng, check_.limits);
    return std::move(report_);
  }

 private:
  Report skip(const std::string& why) {
    skip_tunnel_address(report_, why);
    skip_networks(report_, networks(), why);
    skip_capacity(report_, why);
    return std::move(report_);
  }

  [[nodiscard]] bool is_full_tunnel() const {
    return std::ranges::any_of(config_.server.push, [](const std::string& line) {
      return line.starts_with("redirect-gateway");
    });
  }

  // ---- networks behind this host ----

  std::vector<FarNetwork> networks() {
    std::vector<FarNetwork> all;
    std::vector<ip::Address> rest = check_.hosts;
    const std::string neighbours = around_.store.read("/proc/net/arp").value_or("");
    for (const ip::Prefix& lan : lans_of(config_)) {
      FarNetwork one{"lan " + lan.text(), lan, {}, {}};
      take_named(one, rest);
      one.guessed = known_hosts(lan, neighbours, around_.network);
      all.push_back(std::move(one));
    }
    for (FarNetwork& one : named_networks(rest)) all.push_back(std::move(one));
    if (is_full_tunnel()) all.push_back(the_world());
    return all;
  }

  FarNetwork the_world() {
    FarNetwork world{"world", ip::Prefix{}, {}, {}};
    for (const ports::Route& route : around_.network.default_routes(ip::Family::v4)) {
      if (route.gateway) world.guessed.push_back(*route.gateway);
    }
    return world;
  }

  void test_lans(ProbeSession& tunnel, const InsidePlan& plan) {
    const auto all = networks();
    if (all.empty()) {
      return report_.not_tested("lan", "lan", "no network behind this host is offered to clients",
                                "offer one: adit up --lan CIDR");
    }
    const auto kernel = KernelInside::open();
    std::optional<BesideSession> direct;
    if (kernel) direct.emplace(**kernel, tunnel);
    NetworkHelp help;
    if (direct) help.direct = &*direct;
    help.direct_own = [&](const ip::Address& host) -> std::optional<ip::Address> {
      const auto path = around_.network.path_to(host);
      return path ? path->source : std::nullopt;
    };
    help.search = [&](const ip::Prefix& network) -> std::vector<ip::Address> {
      if (help.direct == nullptr) return {};
      return search_hosts(network, *help.direct, around_.rng.number(), around_.network,
                          check_.limits.for_hosts);
    };
    help.why_not = [&](const ip::Address& host) { return why_not_forwarded(host, plan); };
    for (const FarNetwork& one : all) around_.step("asking hosts of " + one.label);
    test_networks(report_, tunnel, plan, all, help, around_.rng, check_.limits);
  }

  // A host that answers this one does not answer the tunnel.
  Stage why_not_forwarded(const ip::Address& host, const InsidePlan& plan) {
    if (!around_.network.forwarding_enabled(host.family())) {
      return {
          {}, {}, State::failed, "this host forwards nothing", cure_of_forwarding(host.family())};
    }
    if (firewall_) {
      if (auto stage = certain_obstacle(*firewall_)) return std::move(*stage);
    }
    const auto own = own_towards(plan, host);
    const std::string tunnel = config_.server.network ? config_.server.network->text()
                               : own                  ? own->text()
                                                      : "the tunnel";
    return {{},
            {},
            State::failed,
            fmt::format("its answers to {} go elsewhere, or a firewall drops them", tunnel),
            fmt::format("give it or its router a route to {} by this host, or let this host's "
                        "address stand for the clients: adit up --lan",
                        tunnel)};
  }

  [[nodiscard]] PortHolder port_holder() const {
    const bool tcp = config_.connection.proto.is_tcp();
    const auto transport = tcp ? system::Transport::tcp : system::Transport::udp;
    const auto port =
        to_number<unsigned>(config_.connection.local_port.value_or("1194")).value_or(0);
    return {.port = fmt::format("{} {}", tcp ? "tcp" : "udp", port),
            .held = system::is_port_held(transport, port),
            .who = system::holder_of_port(transport, port),
            .configuration = config_.source};
  }

  Result<std::unique_ptr<ProbeProfile>> load_profile() {
    Result<std::unique_ptr<ProbeProfile>> made;
    if (!check_.profile.empty()) {
      const auto text = around_.store.read(check_.profile);
      if (!text) return fail_with(text.error());
      made = ProbeProfile::load(*text, check_.profile, check_.directory, around_);
      if (made) report_.notes.push_back("tested as the client of " + check_.profile);
    } else {
      const auto text = make_probe_profile(config_, path_in(check_.directory, "pki"),
                                           own_host(config_), files_, around_.rng);
      if (!text) return fail_with(text.error());
      made = ProbeProfile::load(text->reveal(), "the test's profile", check_.directory, around_);
      if (made) {
        report_.notes.push_back(
            fmt::format("tested as client \"{}\", a certificate of one day from {}", probe_name,
                        path_in(check_.directory, "pki")));
      }
    }
    if (!made) return made;
    if (Status prepared = (*made)->prepare(); !prepared) return fail_with(prepared.error());
    return made;
  }

  const ServerCheck& check_;
  options::Config config_;
  const Surroundings& around_;
  FolderStore files_;
  std::optional<FirewallFacts> firewall_;
  Report report_;
};

}  // namespace

Result<Report> check_server(const ServerCheck& check, const Surroundings& around) {
  const std::string file =
      check.configuration.empty() ? path_in(check.directory, "server.conf") : check.configuration;
  const auto text = around.store.read(file);
  if (!text) return fail_with(text.error());
  FolderStore files(around.store, check.directory);
  auto config = options::load_text(*text, file, &files);
  if (!config) return fail_with(config.error());
  if (config->mode != options::Mode::server) {
    return fail_with({file + " is no server's configuration", "it needs \"server\""});
  }
  config->source = file;
  return ServerTest(check, std::move(*config), around).run();
}

}  // namespace adit::doctor
