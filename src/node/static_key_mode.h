#pragma once

#include "options/config.h"
#include "plane/data_plane.h"
#include "ports/store_port.h"

namespace adit::node {

// Static-key mode ("secret"): two ends without TLS, whose data keys stand in a file that both have.
// source: wire protocol 2.6, 10.6
[[nodiscard]] Result<plane::KeySpec> make_static_key(const options::Config& config,
                                                     const options::Connection& connection,
                                                     ports::StorePort& store);

// When to ask the peer for its options string, for want of a handshake that brings it.
// source: wire protocol 14.2
class OccRequests {
 public:
  void start(Instant now) { next_ = now; }
  void stop() { next_ = Instant::max(); }
  // True: send one now.
  [[nodiscard]] bool due(Instant now);
  [[nodiscard]] Deadline deadline() const { return {next_, "occ-request"}; }

 private:
  unsigned left_ = 12;
  Instant next_ = Instant::max();
};

}  // namespace adit::node
