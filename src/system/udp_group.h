#pragma once

#include <vector>

#include "system/udp_link.h"

namespace adit::system {

// Several sockets on one UDP port. The kernel hands each data packet to the socket of its peer,
// whatever address it comes from: number "peer id mod count". Data without a peer id goes to the
// first; everything else has a socket of its own, which the first reads, too.
//
// settings  a bound port
// returns   count links; one, without a socket for the rest, where the kernel cannot steer
[[nodiscard]] Result<std::vector<std::unique_ptr<UdpLink>>> open_udp_group(
    const UdpSettings& settings, std::size_t count);

}  // namespace adit::system
