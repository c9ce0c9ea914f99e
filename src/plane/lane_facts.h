#pragma once

#include "plane/counters.h"
#include "ports/link_port.h"

namespace adit::plane {

// What one lane has done, written by its thread and read by any.
struct alignas(64) LaneMeter {
  BatchMeter turns;    // that found something, and the packets they moved
  Counter link_bytes;  // of data packets
  Counter replaced;    // acknowledgements in place of which a later one went
};

// What a pair of lanes has done.
struct LaneFacts {
  struct Way {
    std::uint64_t turns = 0, packets = 0, link_bytes = 0, replaced = 0;
    DropCounters drops;
  };
  Way up, down;
  ports::LinkTraffic link;
};

}  // namespace adit::plane
