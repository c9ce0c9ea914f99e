#include "node/remote_walk.h"

#include <algorithm>

#include "base/assert.h"

namespace adit::node {

RemoteWalk::RemoteWalk(std::vector<options::Connection> connections, bool random, Rng& rng)
    : connections_(std::move(connections)) {
  ADIT_ASSERT(!connections_.empty());
  for (std::size_t i = connections_.size(); random && i > 1; --i) {
    std::swap(connections_[i - 1], connections_[rng.below(i)]);
  }
}

void RemoteWalk::set_addresses(std::vector<ip::Address> addresses) {
  addresses_ = std::move(addresses);
  address_ = 0;
}

void RemoteWalk::move_on(bool succeeded, wire::AuthFailed::Advance advance) {
  using Advance = wire::AuthFailed::Advance;
  if (succeeded) rounds_ = 0;
  if (advance == Advance::no) return;
  if (advance != Advance::remote) {
    // A tunnel that worked is tried again where it was.
    if (succeeded && advance == Advance::default_) return;
    if (++address_ < addresses_.size()) return;
  }
  next_connection();
}

void RemoteWalk::next_connection() {
  addresses_.clear();
  address_ = 0;
  if (++at_ < connections_.size()) return;
  at_ = 0;
  ++rounds_;
}

std::chrono::seconds RemoteWalk::pause(std::chrono::seconds least) const {
  constexpr unsigned patient_rounds = 4;
  const options::Connection& here = connection();
  const bool calls = !here.remote.empty();  // who listens burdens nobody
  const unsigned doublings = calls && rounds_ > patient_rounds ? rounds_ - patient_rounds : 0;
  // "connect-retry 0" does not rest in the first rounds; from then on it is as 1. source: stock
  // 2.6.14
  constexpr std::chrono::seconds base{1};
  auto pause = doublings > 0 ? std::max(here.connect_retry, base) : here.connect_retry;
  for (unsigned i = 0; i < doublings && pause < here.connect_retry_max; ++i) pause *= 2;
  return std::min(std::max(pause, least),
                  std::max({here.connect_retry_max, here.connect_retry, base}));
}

}  // namespace adit::node
