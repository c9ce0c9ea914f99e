// A client's side: from the name of the server to hosts behind it.

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "doctor/client_routes.h"
#include "doctor/firewall_stage.h"
#include "doctor/kernel_inside.h"
#include "doctor/log_diagnosis.h"
#include "doctor/network_stages.h"
#include "doctor/own_certificate.h"
#include "system/clock.h"

namespace adit::doctor {

namespace {

constexpr const char *name_id = "name", *route_id = "route";

class ClientTest {
 public:
  ClientTest(const ClientCheck& check, ProbeProfile& profile, const Surroundings& around)
      : check_(check), profile_(profile), around_(around) {
    report_.subject = "client " + check.profile;
  }

  Report run() {
    test_certificate(report_, profile_.certificate(), system::wall_now());
    if (check_.rules) {
      test_firewall(report_, look_at_firewall(*check_.rules), check_.rules->owner,
                    check_.running.has_value(), "adit join again, or restart its service");
    }
    if (check_.running) return run_beside(*check_.running);
    const Status prepared = profile_.prepare();
    if (!prepared) {
      report_.not_tested("handshake", "handshake", prepared.error().what, prepared.error().advice);
      return skip("there is no session");
    }
    auto session = connect();
    if (!session) return skip("there is no session");
    const InsidePlan plan = plan_of(session->client().pulled(), setup_);
    const auto far_end = test_tunnel_address(report_, *session, plan, around_.rng, check_.limits);
    test_far(*session, plan, far_networks(session->client().pulled(), plan, check_.hosts));
    session->settle(check_.limits.for_path);
    test_capacity(report_, *session, plan, far_end, around_.rng, check_.limits);
    return std::move(report_);
  }

 private:
  Report skip(const std::string& why) {
    skip_tunnel_address(report_, why);
    skip_networks(report_, named_networks(check_.hosts), why);
    skip_capacity(report_, why);
    return std::move(report_);
  }

  // An instance of ours has the tunnel already: what it says, and packets through its device.
  Report run_beside(const node::InstanceFacts& facts) {
    const std::string who = fmt::format("adit (pid {})", facts.pid);
    const node::PeerFacts peer = facts.peers.empty() ? node::PeerFacts{} : facts.peers.front();
    if (facts.state != "up" || facts.device.name.empty()) {
      const LogDiagnosis log = diagnose_log(join(facts.log, "\n"), Role::client);
      const bool known = !log.troubles.empty();
      report_.failed("handshake", "handshake",
                     fmt::format("{} is {}{}", who, facts.state,
                                 known ? ": " + log.troubles.front().what : ""),
                     known ? log.troubles.front().cure
                           : fmt::format("its log says more: adit explain {}", facts.pid));
      return skip("the tunnel is not up");
    }
    report_.ok("handshake", "handshake",
               fmt::format("{} is up with {} at {}, data {}", who, peer.name, peer.real_address,
                           peer.cipher));
    const auto inside = KernelInside::open(facts.device.name);
    if (!inside) return skip(inside.error().text());
    const std::string routes = around_.store.read("/proc/net/route").value_or("");
    DeviceView view = view_of(facts.device.name, routes, around_.network);
    view.plan.mtu = peer.mtu.tun_mtu;
    const auto far_end =
        test_tunnel_address(report_, **inside, view.plan, around_.rng, check_.limits);
    test_far(**inside, view.plan, far_networks_of(view.far, check_.hosts));
    test_capacity(report_, **inside, view.plan, far_end, around_.rng, check_.limits);
    return std::move(report_);
  }

  void test_far(Inside& inside, const InsidePlan& plan, const std::vector<FarNetwork>& networks) {
    if (networks.empty()) {
      report_.not_tested("far-host", "far host", "the server offers no network beyond the tunnel",
                         "name a host behind it: --host ADDRESS");
    }
    test_networks(report_, inside, plan, networks, {}, around_.rng, check_.limits);
  }

  // The first remote that answers; those that do not are told where none does.
  std::unique_ptr<ProbeSession> connect() {
    std::vector<Stage> before = report_.stages, first;
    for (const options::Connection& connection : profile_.connections()) {
      report_.stages = before;
      auto session = connect_to(connection);
      const Stage* port = report_.find("port");
      if (session || (port != nullptr && port->state == State::ok)) return session;
      if (first.empty()) first = report_.stages;
    }
    report_.stages = first;
    return nullptr;
  }

  std::unique_ptr<ProbeSession> connect_to(const options::Connection& connection) {
    const auto endpoints = endpoints_of(connection);
    if (!endpoints) {
      report_.failed(name_id, "name resolves", endpoints.error().what,
                     endpoints.error().advice.empty()
                         ? "check the name in \"remote\" and this host's DNS"
                         : endpoints.error().advice);
      report_.not_tested(route_id, "route to server", "the server has no address");
      report_.not_tested("port", "port answers", "the server has no address");
      report_.not_tested("handshake", "handshake", "the server has no address");
      return nullptr;
    }
    std::vector<std::string> words;
    for (const ip::Endpoint& endpoint : *endpoints) words.push_back(endpoint.address.text());
    const std::string found = join(words, ", ");
    report_.ok(
        name_id, "name resolves",
        found == connection.remote ? found + " (an address)" : connection.remote + " is " + found);
    test_route(endpoints->front().address);
    if (connection.http_proxy || connection.socks_proxy) {
      report_.not_tested("port", "port answers", "it is reached through a proxy");
      report_.not_tested("handshake", "handshake", "it is reached through a proxy");
      return nullptr;
    }
    return shake_hands(report_, profile_, *endpoints, connection, setup_, around_, check_.limits);
  }

  void test_route(const ip::Address& server) {
    const auto path = around_.network.path_to(server);
    if (!path) {
      return report_.failed(route_id, "route to server",
                            "this host has no route to " + server.text(),
                            "connect it to a network: ip route");
    }
    std::string text = "by " + path->device;
    if (path->gateway) text += " and " + path->gateway->text();
    if (path->source) text += ", from " + path->source->text();
    report_.ok(route_id, "route to server", text);
  }

  const ClientCheck& check_;
  ProbeProfile& profile_;
  const Surroundings& around_;
  node::ClientSetup setup_;
  Report report_;
};

}  // namespace

Result<Offer> ask_offer(const std::string& profile_text, const std::string& source,
                        const Limits& limits, const Surroundings& around) {
  auto profile = ProbeProfile::load(profile_text, source, {}, around);
  if (!profile) return fail_with(profile.error());
  if (Status prepared = (*profile)->prepare(); !prepared) return fail_with(prepared.error());
  Error why{"no server answers", {}};
  for (const options::Connection& connection : (*profile)->connections()) {
    const auto endpoints = endpoints_of(connection);
    if (!endpoints) {
      why = endpoints.error();
      continue;
    }
    Report report;
    node::ClientSetup setup;
    const auto session =
        shake_hands(report, **profile, *endpoints, connection, setup, around, limits);
    for (const Stage& stage : report.stages) {
      if (stage.state == State::failed) why = {stage.evidence, stage.cure};
    }
    if (!session) continue;
    Offer offer{session->server().text(), {}, {}};
    const options::Pulled& pulled = session->client().pulled();
    const InsidePlan plan = plan_of(pulled, setup);
    offer.tunnel = tunnel_networks(pulled, plan);
    for (const FarNetwork& far : far_networks(pulled, plan, {})) offer.far.push_back(far.network);
    return offer;
  }
  return fail_with(why);
}

Result<Report> check_client(const ClientCheck& check, const Surroundings& around) {
  const auto text = around.store.read(check.profile);
  if (!text) return fail_with(text.error());
  const std::string folder = std::filesystem::path(check.profile).parent_path().string();
  auto profile = ProbeProfile::load(*text, check.profile, folder, around);
  if (!profile) return fail_with(profile.error());
  return ClientTest(check, **profile, around).run();
}

}  // namespace adit::doctor
