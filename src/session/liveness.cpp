#include "session/liveness.h"

#include <algorithm>

namespace adit::session {

void Liveness::start(const Timers& timers, Instant now) {
  timers_ = timers;
  running_ = true;
  started_ = now;
  next_ping_ = timers.ping > Duration::zero() ? now + timers.ping : Instant::max();
  gone_at_ = timers.timeout > Duration::zero() ? now + timers.timeout : Instant::max();
}

Liveness::Verdict Liveness::check(Instant now, Instant last_sent, Instant last_received) {
  if (!running_) return Verdict::nothing;
  if (gone_at_ <= now) {
    gone_at_ = std::max(last_received, started_) + timers_.timeout;
    if (gone_at_ <= now) return Verdict::peer_gone;
  }
  if (next_ping_ > now) return Verdict::nothing;
  const Instant wanted = std::max(last_sent, started_) + timers_.ping;
  if (wanted > now) {
    next_ping_ = wanted;
    return Verdict::nothing;
  }
  next_ping_ = now + timers_.ping;
  return Verdict::ping_now;
}

Deadline Liveness::deadline() const {
  if (!running_) return {};
  return earlier({next_ping_, "ping"}, {gone_at_, "ping-restart"});
}

}  // namespace adit::session
