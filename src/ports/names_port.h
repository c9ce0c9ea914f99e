#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ip/address.h"

namespace adit::ports {

// A server of names, as "dns server n" or "dhcp-option" describe it.
struct NameServer {
  std::vector<ip::Endpoint> addresses;  // port 0: the usual one of its transport
  std::vector<std::string> domains;     // it is asked for these alone; empty: for all
  std::string dnssec;                   // "yes", "no", "optional"; empty: as the host has it
  std::string transport;                // "plain", "DoT", "DoH"; empty: plain
  std::string sni;
  bool operator==(const NameServer&) const = default;
};

// What the resolver of this host is told for as long as the tunnel stands.
struct NameSettings {
  std::string device;                 // of the tunnel
  std::vector<NameServer> servers;    // best first
  std::vector<std::string> search;    // domains that are tried behind single words
  bool only_inside = false;           // questions by other ways are stopped
  std::optional<ip::Endpoint> outer;  // where the tunnel's own packets go; these are not
  bool by_script = false;             // "dns-updown cmd" does it all
  std::vector<std::pair<std::string, std::string>> variables;  // for the script

  bool operator==(const NameSettings&) const = default;
};

// The resolver of the host. Control thread only; calls are synchronous and bounded in time.
// What goes wrong is logged by whoever implements it: a tunnel without names is still a tunnel.
class NamesPort {
 public:
  virtual ~NamesPort() = default;
  // In the place of what was set before.
  virtual void set(const NameSettings& settings) = 0;
  // As it was before us. Harmless when nothing is set.
  virtual void clear() = 0;
};

}  // namespace adit::ports
