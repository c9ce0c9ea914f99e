#pragma once

#include "base/result.h"
#include "base/time.h"
#include "bench/far_end.h"

namespace adit::bench {

// Measurements from this end of a tunnel to the FarEnd behind it. outer: its address outside the
// tunnel, where it is asked for its counts; inside: its address in the tunnel. Both IPv4.
class Traffic {
 public:
  Traffic(const char* inside, const char* outer) : inside_(inside), outer_(outer) {}

  // One flow; bytes a second that arrive.
  [[nodiscard]] Result<double> tcp_up(Duration time) const;
  [[nodiscard]] Result<double> tcp_down(Duration time) const;
  // Packets a second that arrive while more are sent than the tunnel takes.
  [[nodiscard]] Result<double> udp_up(std::size_t payload, Duration time) const;
  // The median of so many round trips of a small packet, one after the other.
  [[nodiscard]] Result<Duration> round_trip(int count, Duration between) const;
  [[nodiscard]] Result<Duration> round_trip_beside_flow(int count, Duration between) const;

 private:
  [[nodiscard]] Result<FarCounts> ask() const;
  const char* inside_;
  const char* outer_;
};

}  // namespace adit::bench
