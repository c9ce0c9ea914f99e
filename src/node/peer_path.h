#pragma once

#include <string>

#include "base/log.h"
#include "node/channel_setup.h"
#include "session/mtu_test.h"
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
  // What the peer says or asks inside the data channel, the whole payload; what to answer.
  //
  // options  our options string
  [[nodiscard]] std::optional<Buffer> hear(Bytes payload, const session::Frame& frame,
                                           const std::string& options, Instant now);
  // Lines of "mtu-test" to be told; mostly none.
  [[nodiscard]] std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }
  // The plane's reports of these kinds.
  void echoed(Bytes report, Instant now);
  void heard(Instant now) { finder_.heard(now); }
  void too_large(Bytes report, const Log& log, Instant now);
  // Answers whoever sends packets that have become too large for their way to us: his kernel, or
  // the routers before it, hear it through the tunnel, for the peer has no ears for it.
  void tell_sender(plane::DataPlane& plane, plane::PeerIndex index, Bytes flow) const;

  [[nodiscard]] Deadline deadline() const { return earlier(finder_.deadline(), test_.deadline()); }
  [[nodiscard]] const session::PathMtu& finder() const { return finder_; }

 private:
  void start_test(const session::PathMtu::Setup& setup, Instant now);
  void run_test(plane::DataPlane& plane, plane::PeerIndex index, Instant now);
  void look_at_flows(plane::DataPlane& plane, plane::PeerIndex index, Instant now);

  session::PathMtu finder_;
  session::MtuTest test_;
  bool tested_ = false;
  std::vector<std::string> lines_;
  unsigned told_down_ = 0;               // what large flows from the peer were last held against
  Instant tell_again_ = Instant::max();  // kernels forget
};

// Whom echo requests may go to, where both ends are known.
void add_echo_way(std::vector<session::PathMtu::EchoWay>& ways,
                  const std::optional<ip::Address>& from, const std::optional<ip::Address>& to);

// After fit_packets: what the path asks for beyond it.
void fit_path(plane::PeerSpec& spec, const session::Frame& frame, const MtuSetup& mtu,
              const session::PathMtu& finder);
// "found by ..."
[[nodiscard]] const char* how_found(const session::PathMtu& finder);
void tell_path(const Log& log, const plane::PeerSpec& spec, const session::PathMtu& finder);

// What a peer's question inside the data channel is answered with.
[[nodiscard]] std::optional<Buffer> answer_inside(const wire::OccMessage& question,
                                                  const std::string& options);

}  // namespace adit::node
