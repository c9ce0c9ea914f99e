#pragma once

#include <atomic>

#include "base/drop.h"
#include "base/packet.h"
#include "ip/coalesce.h"
#include "ports/tunnel_device.h"

namespace adit::system {

// Writes packets to a tun device; runs of one flow go as one packet where the kernel takes that.
// Any thread: both lanes write, one of them rarely.
class TunWriter {
 public:
  // ethernet  whether packets are frames
  TunWriter(int fd, const ports::TunOffloads& offloads, bool ethernet = false)
      : fd_(fd), vnet_(offloads.vnet), kinds_{offloads.tso, offloads.uso, ethernet} {}

  void write(std::span<Packet* const> packets, DropCounters& drops);

  [[nodiscard]] std::uint64_t writes() const { return writes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t packets() const { return packets_.load(std::memory_order_relaxed); }

 private:
  // Return how many system calls it took.
  std::size_t write_plain(std::span<Packet* const> packets, DropCounters& drops) const;
  std::size_t write_runs(std::span<Packet* const> packets, DropCounters& drops) const;

  int fd_;
  bool vnet_;
  ip::Coalescer::Kinds kinds_;
  std::atomic<std::uint64_t> writes_{0}, packets_{0};
};

}  // namespace adit::system
