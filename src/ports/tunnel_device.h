#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace adit::ports {

// Which packets the host leaves whole on the device, for us to split, and takes joined from us.
struct TunOffloads {
  bool vnet = false;  // packets carry a header that says how they are to be split
  bool tso = false;   // TCP
  bool uso = false;   // UDP
  std::string why;    // why not all of them; empty: all are used
};

// What has gone over the device since it was opened.
struct TunTraffic {
  std::uint64_t reads = 0, packets_read = 0;  // system calls, and packets after splitting
  std::uint64_t writes = 0, packets_written = 0;
  std::uint64_t oversized = 0, malformed = 0;  // read and thrown away
  TunTraffic& operator+=(const TunTraffic& more) {
    reads += more.reads;
    packets_read += more.packets_read;
    writes += more.writes;
    packets_written += more.packets_written;
    oversized += more.oversized;
    malformed += more.malformed;
    return *this;
  }
};

// The tunnel device itself, apart from the packets in it. Control thread only.
class TunnelDevice {
 public:
  virtual ~TunnelDevice() = default;
  // Opens the configured device and gives its name (tun0). Harmless when it is open.
  [[nodiscard]] virtual Result<std::string> open() = 0;
  // Only while no lane runs.
  virtual void close() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;  // empty before open()
  [[nodiscard]] virtual TunOffloads offloads() const = 0;
  [[nodiscard]] virtual TunTraffic traffic() const = 0;
};

}  // namespace adit::ports
