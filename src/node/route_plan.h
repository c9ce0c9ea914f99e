#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/environment.h"
#include "options/config.h"
#include "ports/network_port.h"

namespace adit::node {

// What the words of route lines stand for on this host, now.
struct RouteFacts {
  std::string device;
  bool layer2 = false;  // it carries frames: a gateway is needed to find the next one
  std::optional<ip::Address> vpn_gateway;  // the tunnel's other end
  std::optional<ip::Address> vpn_gateway6;
  std::optional<ports::Path> net_gateway;  // default routes before we touched them
  std::optional<ports::Path> net_gateway6;
  std::vector<ports::Route> default_routes;  // IPv4, for redirect-gateway without def1
  std::optional<ip::Address> remote_host;    // the server's real address
  std::optional<ports::Path> remote_path;    // how it is reached
  std::vector<ports::LocalNetwork> local_networks;
};

struct RoutePlan {
  std::vector<ports::Route> routes;   // in the order to add
  std::vector<ports::Route> removed;  // the host's own, to be put back afterwards
  std::vector<std::string> problems;  // lines that cannot be carried out, with the reason
  Environment environment;            // route_* variables
  bool redirects = false;             // redirect-gateway or redirect-private is said
  bool redirect_failed = false;       // and cannot be done; a problem says why
};

// source: surfaces 13.2, 13.3
[[nodiscard]] RoutePlan plan_routes(const options::Routes& routes, const RouteFacts& facts);

}  // namespace adit::node
