#pragma once

#include <vector>

#include "system/udp_link.h"

namespace adit::system {

// Several sockets on one UDP port. The kernel hands each data packet to the socket of its peer,
// whatever address it comes from: number "peer id mod count". Data without a peer id goes to the
// first, everything else to any.
class UdpGroup {
 public:
  // As UdpLink::open, count times. A kernel that cannot steer gives one socket.
  [[nodiscard]] static Result<std::vector<std::unique_ptr<UdpLink>>> open(
      const UdpSettings& settings, std::size_t count);
};

}  // namespace adit::system
