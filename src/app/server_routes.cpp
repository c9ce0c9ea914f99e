#include "app/server_routes.h"

#include "node/make_setup.h"

namespace adit::app {

node::RoutePlan plan_server_routes(const options::Config& config, node::Tunnel& tunnel) {
  node::RouteFacts facts = tunnel.look_around(std::nullopt);
  node::fill_server_gateways(config, facts);
  return node::plan_routes(config.routes, facts);
}

void add_tunnel(node::Environment& environment, const node::Environment& interface,
                const node::RoutePlan& routes) {
  environment.merge(interface);
  environment.merge(routes.environment);
  environment.set("redirect_gateway", routes.redirects ? "1" : "0");
  environment.set("script_context", "init");
}

}  // namespace adit::app
