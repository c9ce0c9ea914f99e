#pragma once

#include "base/bytes.h"

namespace adit::ip {

// What a congested queue does to a packet, so that its sender sends less.
enum class Signal {
  none,    // nothing: it is no full segment of TCP, and losing it would slow down nobody
  marked,  // its sender and receiver know ECN: the packet says "congestion experienced" now
  lose,    // it is to be dropped
};
// packet  one whole IP packet; changed only where it is marked
[[nodiscard]] Signal signal_congestion(MutableBytes packet);

}  // namespace adit::ip
