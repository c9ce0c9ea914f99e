#pragma once

#include "base/log.h"
#include "base/time.h"
#include "crypto/replay_window.h"
#include "plane/counters.h"

namespace adit::node {

// One line about packets that came late or twice: how many, how far behind, the likely cause and
// the cure. Empty when none was refused.
[[nodiscard]] std::string explain_disorder(const plane::Disorder& fresh,
                                           const crypto::ReplayLimits& limits);

// What is said of one peer's late and repeated data packets. Packets may be many and the log is
// not: stock's lines come for the newest of those since the last look, the explanation once a
// minute. source: stock's lines of packet ids; mute-replay-warnings
class DisorderReport {
 public:
  DisorderReport(const crypto::ReplayLimits& limits, bool muted) : limits_(limits), muted_(muted) {}

  struct Key {
    bool aead = true;
    unsigned id = 0;
  };
  // so_far  all since the peer is known
  // key     the one in use
  void look(const plane::Disorder& so_far, const Key& key, Instant now, const Log& log);

 private:
  void repeat_stock(const plane::Disorder& so_far, const Key& key, const Log& log) const;

  crypto::ReplayLimits limits_;
  bool muted_;
  plane::Disorder seen_;       // at the last look
  plane::Disorder explained_;  // by the last explanation
  Instant explain_again_ = Instant::min();
};

}  // namespace adit::node
