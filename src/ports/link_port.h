#pragma once

#include <span>
#include <string>

#include "base/drop.h"
#include "base/packet.h"
#include "ip/address.h"

namespace adit::ports {

// Where an outer packet came from or goes to.
struct LinkAddress {
  ip::Endpoint remote;
  ip::Address local;            // our address it was sent to, 0.0.0.0 when unknown: answer from it
  std::uint32_t stream = 0;     // TCP connection number, 0 for datagrams
  std::uint32_t interface = 0;  // of ours that it came by: answer there; 0: as routes say
  std::uint16_t socket = 0;     // which of several of ours, of those for datagrams

  // The same peer? Our own address does not count, but our socket does.
  [[nodiscard]] bool same_peer(const LinkAddress& other) const {
    return remote == other.remote && stream == other.stream && socket == other.socket;
  }
  auto operator<=>(const LinkAddress&) const = default;
};

// What the network said of a packet that was too large on its way to somebody: a hint, for anybody
// can forge it.
struct TooLarge {
  ip::Endpoint to;   // port 0: unknown
  unsigned mtu = 0;  // of the outer IP packet; 0: unknown
};

// That something sent did not arrive: the other host, a router or this kernel says so.
struct LinkError {
  ip::Endpoint to;      // what was sent there; port 0: unknown
  int error = 0;        // errno
  int descriptor = -1;  // for the log
};

struct OutgoingPacket {
  Packet* packet;
  LinkAddress to;
  std::uint8_t tos = 0;  // of the outer IP packet; IPv6 calls it traffic class
};

// What has gone over a link since it was opened: calls of the kernel, and packets.
struct LinkTraffic {
  std::uint64_t reads = 0, packets_read = 0;
  std::uint64_t writes = 0, packets_written = 0;  // a train counts as one write
  std::uint64_t overflowed = 0;                   // came while the kernel's queue was full
  DropCounters refused;                           // read and thrown away

  LinkTraffic& operator+=(const LinkTraffic& other) {
    reads += other.reads;
    packets_read += other.packets_read;
    writes += other.writes;
    packets_written += other.packets_written;
    overflowed += other.overflowed;
    refused += other.refused;
    return *this;
  }
};

// Whether the kernel joins and cuts trains of datagrams for a link.
struct LinkOffloads {
  bool gro = false, gso = false;
  std::string why;  // why not both; empty: both, or there is nothing to join
};

// The outside: whole protocol packets over UDP, or framed over TCP. One thread reads, one writes;
// they may differ. Neither call blocks.
class LinkPort {
 public:
  virtual ~LinkPort() = default;

  // Fills packets from the front; from[i] tells where packet i came from. Returns how many; 0:
  // nothing where it looked, and what is elsewhere makes a descriptor readable. A packet lands in
  // its own memory with front_room bytes kept free, or comes to look into memory of the port, good
  // until the next call, where it has no room on either side. Those behind the last that is filled
  // are as they were given.
  [[nodiscard]] virtual std::size_t read(std::span<Packet> packets, std::span<LinkAddress> from,
                                         std::size_t front_room) = 0;
  // Reading thread: whether packets may have come that the last read() left here, where no
  // descriptor tells of them.
  [[nodiscard]] virtual bool holds_packets() const { return true; }
  // Reading thread: those of the last read() that came in pieces of the network's making (IP
  // fragments), by their place. Empty where that cannot be known.
  [[nodiscard]] virtual std::span<const std::uint16_t> in_fragments() const { return {}; }
  // Streams that ended since the last call. Returns how many were written to streams.
  [[nodiscard]] virtual std::size_t take_closed(std::span<LinkAddress> streams) = 0;

  // Reading thread: such hints since the last call, as many as were kept. Returns how many were
  // written to hints.
  [[nodiscard]] virtual std::size_t take_too_large(std::span<TooLarge> hints) {
    static_cast<void>(hints);
    return 0;
  }

  // Reading thread: the last such error since the last call.
  [[nodiscard]] virtual std::optional<LinkError> take_error() { return std::nullopt; }

  // Sends or drops; what the kernel refuses is counted in drops.
  virtual void write(std::span<const OutgoingPacket> packets, DropCounters& drops) = 0;

  // Any thread.
  [[nodiscard]] virtual LinkTraffic traffic() const { return {}; }
  [[nodiscard]] virtual LinkOffloads offloads() const { return {}; }

  // Control thread: ends a stream; it is reported by take_closed in its turn.
  virtual void close_stream(std::uint32_t stream) { static_cast<void>(stream); }
};

}  // namespace adit::ports
