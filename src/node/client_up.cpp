// From the agreement to a working tunnel.

#include <algorithm>

#include "node/client.h"
#include "node/handshake_log.h"
#include "node/lines.h"
#include "node/option_mismatch.h"
#include "options/pushed.h"

namespace adit::node {

void Client::negotiate_point_to_point() {
  session::Session& session = association_->active();
  auto choice = session::choose_point_to_point(setup_.offer, setup_.session.tls_server,
                                               setup_.config.channel.cipher,
                                               {session.peer_info(), session.peer_options()});
  if (!choice) {
    log_.error("{}", choice.error().text());
    return end(Outcome::Next::restart, "SIGUSR1", "tls-error");
  }
  tell_mismatches({setup_.session.options, session.peer_options()}, log_);
  session::Negotiated negotiated = choice->negotiated;
  std::uint8_t id[3];
  if (choice->exported_peer_id && session.export_key(crypto::exporter_label_p2p_peer_id, id)) {
    negotiated.peer_id = Reader(id).u24();
  }
  pulled_ = options::pulled_from(setup_.config);
  session.configure(negotiated, now_);
  set_plane_peer();
  log_data_channel(log_, negotiated, negotiated.peer_id, compression_name(compression_),
                   setup_.config.channel.cipher);
  if (!bring_up(setup_.config.device, setup_.config.routes, setup_.mtu.tun_mtu)) return;
  start_timers(setup_.config.timers);
  log_protocol_options(log_, exit_notify(), negotiated);
  settle();
}

bool Client::bring_up(const options::Device& device, const options::Routes& routes, unsigned mtu) {
  const auto topology = device.topology.value_or(options::Topology::net30);
  auto plan = make_tunnel_plan(device, topology, mtu);
  Status done;
  if (!plan) {
    done = fail_with(plan.error());
  } else {
    plan->set_routes = !routes.noexec;
    note(ClientNews::Kind::assign_ip);
    foreign_ = foreign_environment(pulled_.scripts);
    Environment env = peer_environment();
    env.merge(foreign_);
    env.merge(make_route_plan(device, routes).environment);
    done = around_.tunnel.bring_up(*plan, around_.hooks, env);
  }
  if (done) {
    limit_rate();
    return true;
  }
  log_.fatal("{}", done.error().text());
  log_.fatal("{}", lines::exits_fatally);
  end(Outcome::Next::exit, "SIGTERM", "tun-error", 1);
  return false;
}

// What the server pushed, or what this side says.
void Client::limit_rate() {
  const std::uint64_t rate = pulled_.timers.shaper_bytes_per_second;
  around_.plane.limit_rate(rate);
  if (rate > 0) log_.info(1, "Output Traffic Shaping initialized at {} bytes per second", rate);
}

std::optional<ip::Address> Client::reached_by() const {
  if (setup_.way) return setup_.way;
  return remote_ ? std::optional(remote_->remote.address) : std::nullopt;
}

// With our routes in place the host looks different.
RouteFacts Client::look_around() const {
  return around_before_ ? *around_before_ : around_.tunnel.look_around(reached_by());
}

RoutePlan Client::make_route_plan(const options::Device& device,
                                  const options::Routes& routes) const {
  RouteFacts facts = look_around();
  facts.layer2 = device.type == options::DevType::tap;
  const auto topology = device.topology.value_or(options::Topology::net30);
  if (gateway_by_dhcp()) {
    facts.vpn_gateway = memory_.dhcp_router;
  } else if (!routes.gateway.empty()) {
    facts.vpn_gateway = ip::Address::parse_v4(routes.gateway);
  } else if (device.ifconfig && topology != options::Topology::subnet) {
    facts.vpn_gateway = ip::Address::parse_v4(device.ifconfig->second);
  }
  if (!routes.gateway6.empty()) {
    facts.vpn_gateway6 = ip::Address::parse_v6(routes.gateway6);
  } else if (device.ifconfig_ipv6) {
    facts.vpn_gateway6 = ip::Address::parse_v6(device.ifconfig_ipv6->second);
  }
  return plan_routes(routes_without_gateway(routes), facts);
}

void Client::add_routes(const options::Device& device, const options::Routes& routes) {
  const bool from_before = up_ || around_.tunnel.has_routes();
  if (from_before && !may_keep_routes(device, routes)) {
    around_.tunnel.remove_routes(around_.hooks, peer_environment());
  }
  put_routes(device, routes);
}

// Those of the attempt before, on a device that was kept: what leaves the host meanwhile does not
// leave it beside the tunnel. The host's own default route comes and goes only without ours.
bool Client::may_keep_routes(const options::Device& device, const options::Routes& routes) const {
  if (up_ || !around_.tunnel.has_routes_for(reached_by())) return false;
  const bool holds_back = !make_route_plan(device, routes).removed.empty();
  return holds_back == around_.tunnel.holds_back_routes();
}

void Client::put_routes(const options::Device& device, const options::Routes& routes) {
  around_before_.reset();
  around_before_ = look_around();
  if (waits_for_dhcp()) log_.info(1, "{}", lines::routes_wait_for_dhcp);
  const RoutePlan plan = make_route_plan(device, routes);
  if (!plan.routes.empty()) note(ClientNews::Kind::add_routes);
  const bool added = around_.tunnel.add_routes(plan, around_.hooks, peer_environment());
  routes_failed_ = !added || plan.redirect_failed;
  if (added && plan.problems.empty()) return;
  log_.warn("some routes could not be added; what they lead to is not reachable");
}

// Once the routes are there, for servers of names may lie behind them.
void Client::set_names(const options::Pulled& agreed) {
  const bool told_by_plugin = around_.hooks.plugins().wants(ports::PluginEvent::up);
  NamePlan plan = plan_names(agreed.scripts, agreed.routes, agreed.device, told_by_plugin);
  if (plan.settings && remote_) plan.settings->outer = remote_->remote;
  around_.tunnel.set_names(std::move(plan), around_.hooks);
}

FrameFacts Client::frame_facts(const ports::LinkAddress& address) const {
  FrameFacts facts{compression_, setup_.tcp, address.remote.address.is_v6(),
                   setup_.mtu.fragment.has_value()};
  facts.static_key = setup_.static_key.has_value();
  facts.relayed = setup_.way.has_value();
  return facts;
}

// Nothing in static-key mode.
const session::Negotiated* Client::negotiated() const {
  if (!association_ || !association_->active().negotiated()) return nullptr;
  return &*association_->active().negotiated();
}

// A server has keys when it pushes; a peer of point to point may not have them yet.
void Client::start_path() {
  if (!remote_ || setup_.tcp) return;
  session::PathMtu::Setup setup;
  setup.frame = make_frame(negotiated(), setup_.config.channel, frame_facts(*remote_));
  setup.tun_mtu = tun_mtu_to_use(setup_.mtu, pulled_.tun_mtu);
  setup.at_once = setup_.config.client.pull;
  setup.echo_ways = echo_ways();
  setup.echo_mark = around_.rng.number();
  path_.start(setup_.mtu, setup, around_.plane, the_peer, now_);
  set_plane_peer();
}

// The other end's own address in the tunnel. With net30 a server has none that the client is told.
std::vector<session::PathMtu::EchoWay> Client::echo_ways() const {
  const bool pull = setup_.config.client.pull;
  const options::Device& device = this->device();
  const auto topology = device.topology.value_or(options::Topology::net30);
  std::vector<session::PathMtu::EchoWay> ways;
  if (device.ifconfig) {
    const bool peer_named = !pull || topology == options::Topology::p2p;
    const std::string& other = peer_named ? device.ifconfig->second : routes_in_use().gateway;
    const bool known = peer_named || topology == options::Topology::subnet;
    if (known)
      add_echo_way(ways, ip::Address::parse_v4(device.ifconfig->first),
                   ip::Address::parse_v4(other));
  }
  if (device.ifconfig_ipv6 && !device.block_ipv6) {
    const std::string& own = device.ifconfig_ipv6->first;
    add_echo_way(ways, ip::Address::parse_v6(own.substr(0, own.find('/'))),
                 ip::Address::parse_v6(device.ifconfig_ipv6->second));
  }
  return ways;
}

void Client::run_path() {
  const bool news = path_.run(around_.plane, the_peer, now_);
  for (const std::string& line : path_.take_lines()) log_.info(1, "{}", line);
  if (news) tell_path(log_, set_plane_peer(), path_.finder());
  limit_routes();
}

// What fits is then known to the host's own sockets before they try.
void Client::limit_routes() {
  const session::PathMtu& finder = path_.finder();
  if (!up_ || finder.state() != session::PathMtu::State::settled) return;
  around_.tunnel.limit_packets(finder.all_fits_up() ? 0 : finder.inner_most_up());
}

// Nowhere, in static-key mode, as long as nobody has come: the first authentic packet tells.
plane::PeerSpec Client::tell_plane(const ports::LinkAddress& address) {
  plane::PeerSpec spec;
  spec.address = address;
  const bool floats = setup_.connection.floats || setup_.connection.remote.empty();
  spec.may_float = floats && address.stream == 0;
  const session::Frame frame =
      fit_packets(spec, negotiated(), setup_.config.channel, frame_facts(address), setup_.mtu);
  fit_path(spec, frame, setup_.mtu, path_.finder());
  spec.dhcp_router = gateway_by_dhcp();
  around_.plane.set_peer(the_peer, spec);
  return spec;
}

plane::PeerSpec Client::set_plane_peer() {
  if (!remote_) return {};
  const plane::PeerSpec spec = tell_plane(*remote_);
  set_inside_rules();
  return spec;
}

void Client::set_inside_rules() {
  auto rules = std::make_unique<plane::InsideRules>();
  rules->block_ipv6 = device().block_ipv6;
  if (remote_ && !setup_.config.client.allow_recursive_routing) {
    rules->outer = {remote_->remote, setup_.tcp};
    if (setup_.way) rules->outer->at = {*setup_.way, 0, 0};
  }
  for (const options::NatLine& line : routes_in_use().client_nat) {
    rules->swaps.push_back({line.destination, line.network, line.netmask, line.alias});
  }
  around_.plane.set_inside(std::move(rules));
}

void Client::start_timers(const options::Timers& timers) {
  session::Liveness::Timers run;
  run.ping = timers.ping;
  ping_exits_ = timers.ping_exit.count() > 0;
  run.timeout = ping_exits_ ? timers.ping_exit : timers.ping_restart;
  liveness_.start(run, now_);
  const session::TimeLimits::Setup limits{timers.inactive, timers.inactive_bytes,
                                          timers.session_timeout};
  log_timers(log_, run, ping_exits_, limits);
  next_wear_check_ = now_;
  limits_.start(limits, now_);
}

void Client::complete() {
  memory_.advice.clear();
  up_ = true;
  note_connected();
  start_path();
  established_ = wall_;
  log_.info(1, "{}", lines::initialization_complete);
}

Environment Client::peer_environment() const {
  Environment env;
  if (remote_) {
    set_peer_address(env, "trusted", remote_->remote);
    set_peer_address(env, "untrusted", remote_->remote);
  }
  env.merge(identity_environment(identity_));
  if (!peer_name_.empty()) env.set("common_name", peer_name_);
  return env;
}

}  // namespace adit::node
