// "route-gateway dhcp": the gateway of the tunnel's routes is the router that a DHCP server behind
// it names. Whoever asks for an address on this host does so through the tap device.

#include "node/client.h"
#include "node/lines.h"

namespace adit::node {

const options::Routes& Client::routes_in_use() const {
  return setup_.config.client.pull ? pulled_.routes : setup_.config.routes;
}

bool Client::gateway_by_dhcp() const {
  return setup_.config.device.is_tap() && routes_in_use().gateway == "dhcp";
}

bool Client::waits_for_dhcp() const { return gateway_by_dhcp() && !memory_.dhcp_router; }

// Routes that need it wait until it is known.
options::Routes Client::routes_without_gateway(options::Routes routes) const {
  if (!waits_for_dhcp()) return routes;
  routes.v4.clear();
  routes.redirect.reset();
  return routes;
}

void Client::take_dhcp_router(Bytes address) {
  const ip::Address router = ip::Address::from_bytes(address);
  if (!gateway_by_dhcp() || memory_.dhcp_router == router) return;
  memory_.dhcp_router = router;
  log_.info(3, "Extracted DHCP router address: {}", router.text());
  if (up_) add_routes(device(), routes_in_use());
}

}  // namespace adit::node
