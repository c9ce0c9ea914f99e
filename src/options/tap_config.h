#pragma once

// What belongs to tap devices.

#include <cstdint>
#include <string>

#include "options/location.h"

namespace adit::options {

// "server-bridge": clients are in a network that the host has a bridge into.
struct Bridge {
  enum class Gateway { named, by_dhcp, none } gateway = Gateway::none;
  std::string address, netmask, pool_start, pool_end;  // with a named gateway
  Location at;
};

// "vlan-tagging" and what goes with it.
struct Vlan {
  bool tagging = false;
  enum class Accept { all, tagged, untagged } accept = Accept::all;
  std::uint16_t pvid = 1;
};

}  // namespace adit::options
