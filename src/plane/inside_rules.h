#pragma once

#include <optional>
#include <vector>

#include "ip/address.h"
#include "ip/address_swap.h"

namespace adit::plane {

// What a client's lanes do with packets inside, beside moving them. Immutable once published.
struct InsideRules {
  bool block_ipv6 = false;
  // The outer end of the tunnel: what is for it and comes out of the tun would go round in circles.
  struct Outer {
    ip::Endpoint at;  // port 0: any
    bool tcp = false;
  };
  std::optional<Outer> outer;
  std::vector<ip::AddressSwap> swaps;
};

// Whether the packet is one of those that carry the tunnel. packet: as ip::look() accepted it, and
// destination as it found it.
[[nodiscard]] bool carries_tunnel(const InsideRules::Outer& outer, Bytes packet,
                                  const ip::Address& destination);

}  // namespace adit::plane
