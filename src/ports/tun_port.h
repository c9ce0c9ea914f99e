#pragma once

#include <span>

#include "base/drop.h"
#include "base/packet.h"

namespace adit::ports {

// The inside: IP packets of the tunnel device. One thread reads; any may write. No call blocks.
class TunPort {
 public:
  virtual ~TunPort() = default;

  // Fills packets from the front, each with front_room bytes kept free in front of it and whatever
  // its buffer has behind. Returns how many; 0: nothing there now, in the device or in us.
  [[nodiscard]] virtual std::size_t read(std::span<Packet> packets, std::size_t front_room) = 0;
  // The packets may be changed. Those of one flow arrive in this order.
  virtual void write(std::span<Packet* const> packets, DropCounters& drops) = 0;
};

}  // namespace adit::ports
