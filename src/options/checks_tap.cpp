// What belongs to tap devices, and what does not.

#include "options/checks.h"
#include "options/findings.h"

namespace adit::options {

namespace {

void check_vlans(const Config& config, const Findings& found) {
  const bool tagging = config.server.vlan.tagging;
  if (tagging && config.mode != Mode::server) {
    found.error("vlan-tagging", "--vlan-tagging requires --mode server",
                "write it in the configuration of the server");
  } else if (tagging && !config.device.is_tap()) {
    found.error("vlan-tagging", "--vlan-tagging must be used with --dev tap",
                "a tun device carries no VLANs: leave the line out");
  }
  for (const char* name : {"vlan-accept", "vlan-pvid"}) {
    if (config.said_of(name) == nullptr || tagging) continue;
    if (config.mode == Mode::server) {
      found.error(name, std::string("--") + name + " requires --vlan-tagging",
                  "write \"vlan-tagging\" as well");
    } else {
      found.warn(name, "it says nothing to a client, and is ignored",
                 "write it in the configuration of the server");
    }
  }
}

}  // namespace

void check_tap(const Config& config, const Findings& found) {
  check_vlans(config, found);
  if (!config.device.lladdr.empty() && !config.device.is_tap()) {
    found.error("lladdr", "--lladdr can only be used in --dev tap mode",
                "a tun device has no such address: leave the line out");
  }
  if (config.server.stale_routes && !config.device.is_tap()) {
    found.warn("stale-routes-check",
               "with a tun device nothing is learned of packets, and nothing gets stale",
               "remove the line; it is for --dev tap");
  }
  if (config.said_of("topology") != nullptr && config.device.is_tap()) {
    found.note("topology", "tap devices have only one topology: the line has no effect");
  }
  if (config.server.bridge && config.said_of("server-bridge") != nullptr) {
    found.note("server-bridge",
               "when bridging, the bridge has the host's address, and the network card none: see "
               "that the host does not lose its connection when the card joins the bridge");
  }
}

}  // namespace adit::options
