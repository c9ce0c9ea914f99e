#pragma once

#include "doctor/network_stages.h"

namespace adit::doctor {

// What a server pushed, as the stages want it.
[[nodiscard]] InsidePlan plan_of(const options::Pulled& pulled, const node::ClientSetup& setup);

// The networks it offers beyond the tunnel, and those of hosts that the user names.
[[nodiscard]] std::vector<FarNetwork> far_networks(const options::Pulled& pulled,
                                                   const InsidePlan& plan,
                                                   const std::vector<ip::Address>& hosts);
[[nodiscard]] std::vector<FarNetwork> named_networks(const std::vector<ip::Address>& hosts);

// Those of the hosts that lie in the network become named ones of it.
void take_named(FarNetwork& network, std::vector<ip::Address>& hosts);

[[nodiscard]] std::vector<ip::Prefix> routes_of(const options::Pulled& pulled);

// The networks that our own addresses in the tunnel lie in.
[[nodiscard]] std::vector<ip::Prefix> tunnel_networks(const options::Pulled& pulled,
                                                      const InsidePlan& plan);

// The same of a tunnel device of this host. routes: a text as /proc/net/route.
struct DeviceView {
  InsidePlan plan;
  std::vector<ip::Prefix> far;
};
[[nodiscard]] DeviceView view_of(const std::string& device, std::string_view routes,
                                 ports::NetworkPort& network);
[[nodiscard]] std::vector<FarNetwork> far_networks_of(const std::vector<ip::Prefix>& far,
                                                      const std::vector<ip::Address>& hosts);

}  // namespace adit::doctor
