#pragma once

// Groups of the configuration about what a tunnel does beside moving packets: translation of
// addresses inside, and what keeps packets out of other ways.

#include <cstdint>

namespace adit::options {

// A line of client-nat, numbers as in ip::Address::v4_number(). An address whose bits under the
// mask are "network" gets those of "alias", on the way out of this host; the other way round on the
// way in. network and alias are taken as they were written, bits outside the mask included.
struct NatLine {
  bool destination = false;  // dnat: of whom the tunnel leads to, otherwise of this host's side
  std::uint32_t network = 0, netmask = 0, alias = 0;
  bool operator==(const NatLine&) const = default;
};

// What adit has beside OpenVPN's own words: nothing leaves but through the tunnel.
struct KillSwitch {
  bool on = false;
  bool allow_lan = false;  // networks that this host lies in stay reachable
  bool operator==(const KillSwitch&) const = default;
};

// "dns-updown": who tells the resolver of the host what the tunnel brings.
enum class DnsUpdown : std::uint8_t {
  usual,   // we do, unless there is an "up" script
  force,   // we do
  disable  // nobody; scripts are told all the same
};

}  // namespace adit::options
