#pragma once

#include "base/result.h"
#include "ports/tunnel_device.h"

namespace adit::system {

// How much to leave to the kernel at most.
enum class TunOffloadLimit {
  all,
  no_uso,   // as with a kernel before 6.2
  no_tso,   // vnet headers, but nothing is split or joined
  nothing,  // as with a kernel without vnet headers
};

// Whether the driver behind this descriptor, which has no device yet, knows vnet headers.
[[nodiscard]] bool knows_vnet_headers(int fd);

// Turns on what the kernel takes on an attached device, or off what an earlier owner left on.
//
// vnet     whether it was attached with IFF_VNET_HDR
// returns  an error only when vnet headers cannot be used, though they were promised
[[nodiscard]] Result<ports::TunOffloads> settle_offloads(int fd, bool vnet, TunOffloadLimit limit);

// A device that stays must not hand whole packets to a next owner who does not expect them.
void clear_offloads(int fd);

}  // namespace adit::system
