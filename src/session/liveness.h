#pragma once

#include "base/time.h"

namespace adit::session {

// ping, ping-restart and ping-exit of one peer. Packets only leave the time of the last batch
// behind; the timers look at it when they run out. source: wire protocol 14.1.
class Liveness {
 public:
  struct Timers {
    Duration ping{};     // send a ping after so much silence of ours; 0: never
    Duration timeout{};  // the peer is gone after so much silence of its; 0: never
  };

  // Begins to count: the peer was heard of just now.
  void start(const Timers& timers, Instant now);
  void stop() { *this = {}; }
  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] const Timers& timers() const { return timers_; }

  enum class Verdict { nothing, ping_now, peer_gone };
  // last_sent, last_received: of data and control packets alike
  [[nodiscard]] Verdict check(Instant now, Instant last_sent, Instant last_received);
  [[nodiscard]] Deadline deadline() const;

 private:
  Timers timers_;
  bool running_ = false;
  Instant started_;
  Instant next_ping_ = Instant::max();
  Instant gone_at_ = Instant::max();
};

}  // namespace adit::session
