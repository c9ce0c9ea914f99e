#pragma once

#include <string>

#include "base/log.h"
#include "node/channel_setup.h"
#include "session/path_mtu.h"
#include "wire/inside_message.h"

namespace adit::node {

// The way to one peer: looks for what fits it, and tells the plane's packets.
class PeerPath {
 public:
  // Begins, or begins anew. Nothing happens when sizes were set by hand, or over TCP.
  void start(const MtuSetup& mtu, const session::PathMtu::Setup& setup, plane::DataPlane& plane,
             plane::PeerIndex index, Instant now);
  // Sends what is to be sent. True: what fits has changed, the peer's packets are to be fitted
  // anew.
  [[nodiscard]] bool run(plane::DataPlane& plane, plane::PeerIndex index, Instant now);
  void answered(Bytes payload, Instant now) { finder_.answered(payload, now); }

  [[nodiscard]] Deadline deadline() const { return finder_.deadline(); }
  [[nodiscard]] const session::PathMtu& finder() const { return finder_; }

 private:
  session::PathMtu finder_;
};

// After fit_packets: what the path asks for beyond it.
void fit_path(plane::PeerSpec& spec, const session::Frame& frame, const MtuSetup& mtu,
              const session::PathMtu& finder);
void tell_path(const Log& log, const plane::PeerSpec& spec, const session::PathMtu& finder);

// What a peer's question inside the data channel is answered with.
[[nodiscard]] std::optional<Buffer> answer_inside(const wire::OccMessage& question,
                                                  const std::string& options);

}  // namespace adit::node
