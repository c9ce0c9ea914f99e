#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ip/address.h"

namespace adit::firewall {

// The server's own port, to be let in.
struct Port {
  bool tcp = false;
  std::uint16_t number = 1194;
};

// What a site's rules forbid: packets from one network to another.
struct Access {
  ip::Prefix from;
  ip::Prefix to;
};

// Translation one to one: hosts of "real" are seen through the tunnel under "shown". Both have the
// same length.
struct Map {
  ip::Prefix real;
  ip::Prefix shown;
};

// What one tunnel wants of this host's packet filter.
struct Plan {
  std::string owner;   // "server", "join-office": its chains bear this name
  std::string device;  // of the tunnel: "tun0"; "tun" is any tun device, as in "dev tun"
  std::vector<ip::Prefix> tunnel;  // addresses inside the tunnel
  std::vector<ip::Prefix> lans;    // networks behind this host that the far side may reach
  std::vector<ip::Prefix> far;     // networks behind the far side that hosts here may reach
  bool full_tunnel = false;        // what clients send to the world leaves with this host's address
  bool snat = false;  // between the tunnel and lans, this host's address stands for others
  std::vector<Map> maps;
  std::optional<Port> open;
  std::vector<Access> denied;
};

}  // namespace adit::firewall
