#include "node/tunnel.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "node/lines.h"

namespace adit::node {

using ports::PluginEvent;

namespace {
// A full queue loses packets without a word, and the kernel's 500 is filled by one burst.
constexpr unsigned usual_tx_queue_length = 1000;
constexpr unsigned least_mtu_for_v6 = 1280;  // source: RFC 8200; Linux takes no address below

bool contains(const std::vector<ports::Route>& all, const ports::Route& one) {
  return std::ranges::find(all, one) != all.end();
}

bool same_place(const ports::Route& a, const ports::Route& b) {
  return a.destination == b.destination && a.metric == b.metric && a.table == b.table;
}
}  // namespace

Result<TunnelPlan> make_tunnel_plan(const options::Device& device, options::Topology topology,
                                    unsigned mtu) {
  TunnelPlan plan;
  plan.mtu = mtu;
  plan.tx_queue_length = device.tx_queue_length.value_or(usual_tx_queue_length);
  plan.set_addresses = !device.ifconfig_noexec;
  plan.facts.mtu = mtu;
  if (device.ifconfig) {
    const auto& [local_text, second_text] = *device.ifconfig;
    const auto local = ip::Address::parse_v4(local_text);
    const auto second = ip::Address::parse_v4(second_text);
    if (!local || !second) {
      return fail("ifconfig {} {}: not two IPv4 addresses", local_text, second_text);
    }
    ports::InterfaceAddress address{*local, 32, {}, {}};
    if (topology == options::Topology::subnet) {
      const auto length = ip::prefix_length_of_netmask(*second);
      if (!length) {
        return fail_with(
            {fmt::format("ifconfig {} {}: with topology subnet the second word must be "
                         "a netmask such as 255.255.255.0",
                         local_text, second_text),
             "the server's ifconfig-push or topology is wrong"});
      }
      address.prefix_length = *length;
      if (*length < 31) address.broadcast = ip::Prefix::of(*local, *length).broadcast();
    } else {
      address.peer = second;
    }
    plan.addresses.push_back(address);
    plan.facts.local = local->text();
    plan.facts.remote_or_netmask = second->text();
    plan.facts.netmask = topology == options::Topology::subnet;
  }
  if (device.ifconfig_ipv6) {
    const auto slash = device.ifconfig_ipv6->first.find('/');
    const auto address = ip::Address::parse_v6(device.ifconfig_ipv6->first.substr(0, slash));
    const auto prefix = ip::Prefix::parse(device.ifconfig_ipv6->first);
    if (!address || !prefix) {
      return fail("ifconfig-ipv6 {}: not an IPv6 address with its prefix length",
                  device.ifconfig_ipv6->first);
    }
    plan.addresses.push_back({*address, prefix->length, {}, {}});
    plan.facts.local6 = address->text();
    plan.facts.bits6 = prefix->length;
    plan.facts.remote6 = device.ifconfig_ipv6->second;
  }
  plan.hardware_address = ip::MacAddress::parse(device.lladdr);
  plan.set_link = !device.is_tap() || !plan.addresses.empty();
  return plan;
}

Status Tunnel::open() {
  if (device_.is_open()) return {};
  auto opened = device_.open();
  if (!opened) return fail_with({lines::tun_refused(opened.error().what), opened.error().advice});
  log_.info(1, "{}", lines::tun_opened(*opened));
  log_.info(3, "TUN/TAP device {}: offloads in use: {}", *opened,
            offloads_text(device_.offloads()));
  return {};
}

Status Tunnel::bring_up(const TunnelPlan& plan, Hooks& hooks, const Environment& env) {
  if (plan_ && plan_->same_interface(plan) && device_.is_open()) {
    plan_ = plan;
    plan_->facts.device = device_.name();
    log_.info(3, "{}", lines::tun_kept(device_.name()));
    known_ = env;
    known_.set("script_context", "restart");
    if (!hooks.scripts().up_restart) return {};
    Environment told = script_environment({});
    for (const std::string_view of_routes : {"route_", "net_gateway"}) told.forget(of_routes);
    hooks.tell_and_wait({PluginEvent::up, "up", hooks.scripts().up}, told,
                        script_arguments("restart"));
    return {};
  }
  if (plan_) {
    log_.info(1, "{}", lines::tun_replaced);
    take_down(hooks, env, "sigusr1");
  }
  if (Status opened = open(); !opened) return opened;
  plan_ = plan;
  plan_->facts.device = device_.name();
  if (Status set = set_addresses(plan); !set) return set;
  known_ = env;
  known_.set("script_context", "init");
  if (!hooks.tell_and_wait({PluginEvent::up, "up", hooks.scripts().up}, script_environment({}),
                           script_arguments("init"))) {
    return fail_with({"the up script or a plugin failed",
                      "see the line above; for a script, script-security must be 2"});
  }
  return {};
}

DeviceFacts Tunnel::facts() const {
  if (!device_.is_open()) return {};
  return {device_.name(), device_.offloads(), device_.traffic()};
}

Status Tunnel::set_addresses(const TunnelPlan& plan) {
  if (plan.hardware_address) {
    const std::string text = plan.hardware_address->text();
    log_.info(1, "net_addr_ll_set: lladdr {} for {}", text, device_.name());
    Status set = network_.set_hardware_address(device_.name(), *plan.hardware_address);
    if (!set) return set;
    log_.info(1, "{}", lines::hardware_address_set(text));
  }
  if (!plan.set_addresses || !plan.set_link) return {};
  log_.info(1, "net_iface_mtu_set: mtu {} for {}", plan.mtu, device_.name());
  log_.info(1, "net_iface_up: set {} up", device_.name());
  if (Status set = network_.configure_link(device_.name(), plan.mtu, plan.tx_queue_length); !set) {
    return set;
  }
  for (const ports::InterfaceAddress& address : plan.addresses) {
    if (address.peer) {
      log_.info(1, "net_addr_ptp_v4_add: {} peer {} dev {}", address.address.text(),
                address.peer->text(), device_.name());
    } else {
      log_.info(1, "net_addr_{}_add: {}/{} dev {}", address.address.is_v4() ? "v4" : "v6",
                address.address.text(), address.prefix_length, device_.name());
    }
    if (Status added = network_.add_address(device_.name(), address); !added) {
      Error error = added.error();
      if (address.address.is_v6() && plan.mtu < least_mtu_for_v6) {
        error.advice =
            fmt::format("IPv6 needs a tun-mtu of at least {}: raise it from {}, or leave IPv6 out",
                        least_mtu_for_v6, plan.mtu);
      }
      return fail_with(std::move(error));
    }
    addresses_.push_back(address);
  }
  return {};
}

Environment Tunnel::script_environment(const Environment& env) const {
  Environment all = known_;
  all.merge(env);
  if (plan_) all.merge(interface_environment(plan_->facts));
  return all;
}

std::vector<std::string> Tunnel::script_arguments(std::string_view context) const {
  const InterfaceFacts& facts = plan_->facts;
  return {facts.device, std::to_string(facts.mtu), "0",
          facts.local,  facts.remote_or_netmask,   std::string(context)};
}

bool Tunnel::add_routes(const RoutePlan& routes, Hooks& hooks, const Environment& env) {
  bool complete = true;
  known_.merge(env);
  known_.merge(routes.environment);
  known_.set("redirect_gateway", routes.redirects ? "1" : "0");
  for (const std::string& problem : routes.problems) log_.error("ERROR: {}", problem);
  if (plan_ && plan_->set_routes) {
    for (const std::string& failure : remove_unwanted(routes, [](const auto&) { return true; })) {
      log_.warn("{}", failure);
    }
    for (const ports::Route& route : routes.removed) {
      if (network_.remove_route(route) && !contains(removed_, route)) removed_.push_back(route);
    }
    for (const ports::Route& route : routes.routes) complete = add_route(route) && complete;
  }
  if (route_mtu_ != 0) set_route_mtu(0, route_mtu_);
  hooks.tell_and_wait({PluginEvent::route_up, "route-up", hooks.scripts().route_up},
                      script_environment({}));
  return complete;
}

Result<ports::RouteChange> Tunnel::add_route(const ports::Route& route) {
  log_.info(3, "net_route_{}_add: {} via {} dev {} table {} metric {}",
            route.destination.address.is_v4() ? "v4" : "v6", route.destination.text(),
            route.gateway ? route.gateway->text() : "[NULL]",
            route.device.empty() ? "[NULL]" : route.device, route.table,
            route.metric ? std::to_string(*route.metric) : "-1");
  auto added = network_.add_route(route);
  if (!added) {
    log_.error("ERROR: Linux route add command failed: {}", added.error().text());
  } else if (*added == ports::RouteChange::existed) {
    log_.info(1, "NOTE: Linux route add command failed because route exists");
  } else if (!contains(routes_, route)) {
    routes_.push_back(route);
  }
  return added;
}

std::vector<std::string> Tunnel::remove_unwanted(
    const RoutePlan& routes, const std::function<bool(const ports::Route&)>& which) {
  std::vector<std::string> failures;
  std::erase_if(routes_, [&](const ports::Route& route) {
    if (contains(routes.routes, route) || !which(route)) return false;
    if (Status gone = network_.remove_route(route); !gone) failures.push_back(gone.error().text());
    return true;
  });
  return failures;
}

std::vector<std::string> Tunnel::change_routes(const RoutePlan& routes) {
  for (const char* one : {"route_network_", "route_netmask_", "route_gateway_", "route_metric_",
                          "route_ipv6_network_", "route_ipv6_gateway_", "route_ipv6_metric_"}) {
    known_.forget(one);
  }
  known_.merge(routes.environment);
  std::vector<std::string> failures = routes.problems;
  if (!plan_ || !plan_->set_routes) return failures;
  const auto drop = [&](const auto& which) {
    std::ranges::move(remove_unwanted(routes, which), std::back_inserter(failures));
  };
  for (const ports::Route& route : routes.routes) {
    if (contains(routes_, route)) continue;
    // The kernel has room for one of those; otherwise the former stays until the new one is there.
    drop([&](const ports::Route& former) { return same_place(former, route); });
    const auto added = add_route(route);
    if (!added) failures.push_back(added.error().text());
  }
  drop([](const ports::Route&) { return true; });
  if (route_mtu_ != 0) set_route_mtu(0, route_mtu_);
  return failures;
}

void Tunnel::limit_packets(unsigned mtu) {
  if (!plan_ || !plan_->set_routes || mtu == route_mtu_) return;
  set_route_mtu(std::exchange(route_mtu_, mtu), mtu);
}

void Tunnel::set_route_mtu(unsigned before, unsigned now) {
  if (Status set = network_.set_route_mtu(device_.name(), before, now); !set) {
    return log_.info(3, "{}", set.error().text());
  }
  log_.info(4, "net_route_mtu: {} dev {}", now, device_.name());
}

void Tunnel::remove_routes(Hooks& hooks, const Environment& env) {
  const Hooks::Occasion leaving{PluginEvent::route_pre_down, "route-pre-down",
                                hooks.scripts().route_pre_down};
  if (plan_ && (!routes_.empty() || hooks.wanted(leaving))) {
    hooks.tell_and_wait(leaving, script_environment(env), script_arguments("init"));
  }
  for (auto route = routes_.rbegin(); route != routes_.rend(); ++route) {
    if (Status gone = network_.remove_route(*route); !gone) log_.warn("{}", gone.error().text());
  }
  routes_.clear();
  limit_packets(0);
  for (const ports::Route& route : removed_) {
    if (const auto back = network_.add_route(route); !back) {
      log_.error("ERROR: cannot restore the host's own route: {}", back.error().text());
    }
  }
  removed_.clear();
}

void Tunnel::set_names(NamePlan plan, Hooks& hooks) {
  if (!plan.note.empty()) log_.info(3, "{}", plan.note);
  if (!plan.settings) return clear_names();
  if (names_ == nullptr || (plan.settings->by_script && !hooks.may_run("dns-updown"))) return;
  plan.settings->device = device_.name();
  if (plan.settings->by_script) {
    plan.settings->variables = hooks.variables("dns-up", script_environment({}));
  }
  if (names_set_ == plan.settings) return;
  names_set_ = std::move(plan.settings);
  names_->set(*names_set_);
}

void Tunnel::clear_names() {
  if (!names_set_) return;
  names_->clear();
  names_set_.reset();
}

void Tunnel::remove_addresses() {
  for (auto address = addresses_.rbegin(); address != addresses_.rend(); ++address) {
    if (Status gone = network_.remove_address(device_.name(), *address); !gone) {
      log_.warn("{}", gone.error().text());
    }
  }
  addresses_.clear();
}

void Tunnel::take_down(Hooks& hooks, Environment env, std::string_view signal) {
  env.set("signal", std::string(signal));
  clear_names();
  remove_routes(hooks, env);
  if (!plan_) return;
  env = script_environment(env);
  const auto arguments = script_arguments("init");
  const bool before = hooks.scripts().down_pre;
  const Hooks::Occasion down{PluginEvent::down, "down", hooks.scripts().down};
  if (before) hooks.tell_and_wait(down, env, arguments);
  log_.info(2, "{}", lines::tun_closing);
  remove_addresses();
  if (!before) hooks.tell_and_wait(down, env, arguments);
  plan_.reset();
  known_ = {};
}

bool Tunnel::keep_beside(const ip::Address& address) {
  if (!has_routes() || !before_) return true;
  const auto path = network_.path_to(address);
  if (!path || path->device != device_.name()) return true;
  const auto& way = address.is_v4() ? before_->net_gateway : before_->net_gateway6;
  if (!way || way->device == device_.name()) return true;  // nor was it reached before
  ports::Route route{ip::Prefix::host(address), way->gateway, way->device, {}};
  route.onlink = way->onlink;
  return add_route(route).has_value();
}

bool Tunnel::leads_to(const ip::Address& address) const {
  constexpr unsigned least_length = 8;  // what redirects is wider: 0.0.0.0/1, fc00::/7
  const auto in_network = [&](const ports::InterfaceAddress& own) {
    return own.peer == address || ip::Prefix::of(own.address, own.prefix_length).contains(address);
  };
  const auto routed = [&](const ports::Route& route) {
    return route.device == device_.name() && route.destination.length >= least_length &&
           route.destination.contains(address);
  };
  return std::ranges::any_of(addresses_, in_network) || std::ranges::any_of(routes_, routed);
}

bool Tunnel::has_routes_for(const std::optional<ip::Address>& remote) const {
  if (!has_routes() || !remote || !before_ || before_->remote_host != remote) return false;
  return before_->remote_path == network_.path_to(*remote);
}

RouteFacts Tunnel::look_around(const std::optional<ip::Address>& remote) {
  if (has_routes_for(remote)) return *before_;
  RouteFacts facts;
  facts.device = device_.name();
  facts.net_gateway = network_.path_to(ip::Address::v4(0));
  facts.net_gateway6 = network_.path_to(*ip::Address::parse_v6("::"));
  facts.default_routes = network_.default_routes(ip::Family::v4);
  facts.remote_host = remote;
  if (remote) facts.remote_path = network_.path_to(*remote);
  facts.local_networks = network_.local_networks();
  if (!has_routes()) before_ = facts;
  return facts;
}

}  // namespace adit::node
