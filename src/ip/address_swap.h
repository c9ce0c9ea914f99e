#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace adit::ip {

// "client-nat": addresses of one network stand for those of another inside the tunnel. Numbers as
// in Address::v4_number(). An address whose bits under the mask are "network" gets those of "alias"
// on the way out, as a packet's source or as its destination; on the way in the other address goes
// back from alias to network.
struct AddressSwap {
  bool destination = false;
  std::uint32_t network = 0, netmask = 0, alias = 0;
  bool operator==(const AddressSwap&) const = default;
};

enum class Way : std::uint8_t { out, in };

// Changes an IPv4 packet that look() accepted in place, and mends its checksums; each of its two
// addresses once, by the first swap that fits. Other packets stay as they are.
void swap_addresses(MutableBytes packet, std::span<const AddressSwap> swaps, Way way);

}  // namespace adit::ip
