#pragma once

#include "node/tunnel.h"
#include "options/config.h"

namespace adit::app {

// What the route lines of a server mean on this host as it is now.
[[nodiscard]] node::RoutePlan plan_server_routes(const options::Config& config,
                                                 node::Tunnel& tunnel);
// What scripts are told of a server's tunnel. interface: of its device
void add_tunnel(node::Environment& environment, const node::Environment& interface,
                const node::RoutePlan& routes);

}  // namespace adit::app
