#pragma once

#include <functional>

#include "base/log.h"
#include "node/hooks.h"
#include "node/instance_facts.h"
#include "node/name_plan.h"
#include "node/route_plan.h"
#include "ports/names_port.h"
#include "ports/network_port.h"
#include "ports/tunnel_device.h"

namespace adit::node {

// What the tunnel device should look like on this host.
struct TunnelPlan {
  unsigned mtu = 1500;
  std::optional<unsigned> tx_queue_length;
  std::vector<ports::InterfaceAddress> addresses;
  std::optional<ip::MacAddress> hardware_address;  // of a tap device; nothing: as it came
  InterfaceFacts facts;                            // for scripts; the device's name is filled in
  bool set_link = true;       // its MTU, and up: a tap without addresses is left to whoever bridges
  bool set_addresses = true;  // ifconfig-noexec: scripts do it
  bool set_routes = true;     // route-noexec

  [[nodiscard]] bool same_interface(const TunnelPlan& other) const {
    return mtu == other.mtu && addresses == other.addresses &&
           hardware_address == other.hardware_address;
  }
};

// ifconfig words to addresses. Errors name what was wrong with them.
[[nodiscard]] Result<TunnelPlan> make_tunnel_plan(const options::Device& device,
                                                  options::Topology topology, unsigned mtu);

// The tunnel device, its addresses and routes, and everything needed to undo them exactly.
class Tunnel {
 public:
  // names: nullptr: the host's resolver is left alone.
  Tunnel(ports::TunnelDevice& device, ports::NetworkPort& network, Log log,
         ports::NamesPort* names = nullptr)
      : device_(device), network_(network), names_(names), log_(std::move(log)) {}

  // The device alone. Harmless when it is open.
  [[nodiscard]] Status open();
  // Opens the device if need be and gives it its addresses; runs the up script. Addresses of an
  // earlier plan that differ are taken away first.
  //
  // env  what the scripts are told from now on, up to the down script
  [[nodiscard]] Status bring_up(const TunnelPlan& plan, Hooks& hooks, const Environment& env);
  // Those that a kept device has from before stay as far as they are wanted. False when the kernel
  // did not take some route; it has been logged, as have the problems of the plan.
  bool add_routes(const RoutePlan& routes, Hooks& hooks, const Environment& env);
  // As another plan has them, and no script is told: what is wanted no more goes, what is new
  // comes, the rest is not touched. Returns what could not be done.
  [[nodiscard]] std::vector<std::string> change_routes(const RoutePlan& routes);
  // What leaves the host through the tunnel is to be no larger (0: than the device takes). Goes
  // with the routes.
  void limit_packets(unsigned mtu);
  // Routes of the host that went for ours, and come back with remove_routes().
  [[nodiscard]] bool holds_back_routes() const { return !removed_.empty(); }
  [[nodiscard]] bool has_routes() const { return !routes_.empty() || holds_back_routes(); }
  void remove_routes(Hooks& hooks, const Environment& env);
  // Where our routes would take packets to this address into the tunnel, one of its own leads them
  // as the host's default route did before; it goes with the others. False: the host is not as it
  // was then.
  [[nodiscard]] bool keep_beside(const ip::Address& address);
  // The address lies in a network that the tunnel is for, not only in all that it takes.
  [[nodiscard]] bool leads_to(const ip::Address& address) const;
  // What the resolver of the host is told while the tunnel stands, instead of what it was told
  // before; clear_names() and take_down() take it back.
  void set_names(NamePlan plan, Hooks& hooks);
  void clear_names();
  // Everything, with the down script. The device itself is closed by its owner.
  void take_down(Hooks& hooks, Environment env, std::string_view signal);

  [[nodiscard]] bool is_up() const { return plan_.has_value(); }
  [[nodiscard]] const std::string& name() const { return device_.name(); }
  [[nodiscard]] DeviceFacts facts() const;
  // The gateways of the host as they were before our routes, where that is known.
  [[nodiscard]] RouteFacts look_around(const std::optional<ip::Address>& remote);
  // Our routes were made for this remote, and it is still reached as it was before them.
  [[nodiscard]] bool has_routes_for(const std::optional<ip::Address>& remote) const;

 private:
  Status set_addresses(const TunnelPlan& plan);
  [[nodiscard]] Result<ports::RouteChange> add_route(const ports::Route& route);
  // Of our routes those that the plan does not have. Returns what could not be done.
  std::vector<std::string> remove_unwanted(const RoutePlan& routes,
                                           const std::function<bool(const ports::Route&)>& which);
  void remove_addresses();
  void set_route_mtu(unsigned before, unsigned now);
  [[nodiscard]] Environment script_environment(const Environment& env) const;
  [[nodiscard]] std::vector<std::string> script_arguments(std::string_view context) const;

  ports::TunnelDevice& device_;
  ports::NetworkPort& network_;
  ports::NamesPort* names_;
  Log log_;
  std::optional<TunnelPlan> plan_;
  std::vector<ports::InterfaceAddress> addresses_;  // ours, in the order added
  std::vector<ports::Route> routes_;
  std::vector<ports::Route> removed_;
  std::optional<RouteFacts> before_;  // the host, without our routes
  unsigned route_mtu_ = 0;            // that routes of the device got from us; 0: none
  Environment known_;                 // to the scripts
  std::optional<ports::NameSettings> names_set_;
};

}  // namespace adit::node
