#include "session/reliable.h"

#include <algorithm>

#include "base/assert.h"

namespace adit::session {

namespace {
constexpr int fast_retransmit_acks = 3;

template <typename T>
void let_go(std::vector<T>& queue) {
  if (queue.empty()) queue.shrink_to_fit();
}
}  // namespace

bool Reliable::can_queue() const {
  return sending_.empty() || next_send_ < sending_.front().id + send_window;
}

void Reliable::queue(wire::Opcode opcode, Buffer payload) {
  ADIT_ASSERT(can_queue());
  sending_.push_back({next_send_++, opcode, std::move(payload), Instant::min(), first_timeout_});
}

std::optional<Reliable::Due> Reliable::take_due(Instant now) {
  for (Outgoing& packet : sending_) {
    if (packet.due > now) continue;
    packet.due = now + packet.timeout;
    packet.timeout *= 2;
    packet.later_acked = 0;
    return Due{packet.opcode, packet.id, packet.payload};
  }
  return std::nullopt;
}

void Reliable::acknowledge(std::span<const std::uint32_t> ids) {
  for (const std::uint32_t id : ids) {
    const auto acked = std::ranges::find(sending_, id, &Outgoing::id);
    if (acked == sending_.end()) continue;
    for (auto earlier = sending_.begin(); earlier != acked; ++earlier) {
      if (++earlier->later_acked == fast_retransmit_acks) earlier->due = Instant::min();
    }
    sending_.erase(acked);
  }
  let_go(sending_);
}

void Reliable::burst(Instant now) {
  for (Outgoing& packet : sending_) {
    packet.due = now;
    packet.timeout = first_timeout_;
  }
}

Reliable::Receipt Reliable::receive(std::uint32_t id, wire::Opcode opcode, Bytes payload) {
  if (id >= next_expected_ + receive_window) return Receipt::beyond_window;
  const bool known =
      id < next_expected_ || std::ranges::find(received_, id, &Incoming::id) != received_.end();
  note_acked(id);
  if (known) return Receipt::duplicate;
  received_.push_back({id, {opcode, to_buffer(payload)}});
  return Receipt::fresh;
}

std::optional<Reliable::Received> Reliable::take_in_order() {
  const auto next = std::ranges::find(received_, next_expected_, &Incoming::id);
  if (next == received_.end()) return std::nullopt;
  Received packet = std::move(next->packet);
  received_.erase(next);
  let_go(received_);
  ++next_expected_;
  return packet;
}

void Reliable::note_acked(std::uint32_t id) {
  if (new_acks_.size() < wire::AckList::capacity &&
      std::ranges::find(new_acks_, id) == new_acks_.end()) {
    new_acks_.push_back(id);
  }
}

wire::AckList Reliable::take_acks(std::size_t limit) {
  wire::AckList acks;
  while (!new_acks_.empty() && acks.size() < limit) {
    const std::uint32_t id = new_acks_.front();
    new_acks_.erase(new_acks_.begin());
    acks.push(id);
    std::erase(recent_acks_, id);
    recent_acks_.insert(recent_acks_.begin(), id);
  }
  if (recent_acks_.size() > wire::AckList::capacity) recent_acks_.resize(wire::AckList::capacity);
  for (const std::uint32_t id : recent_acks_) {
    if (acks.size() >= limit) break;
    if (std::ranges::find(acks.ids(), id) == acks.ids().end()) acks.push(id);
  }
  return acks;
}

Deadline Reliable::deadline() const {
  Deadline next{Instant::max(), "retransmit"};
  for (const Outgoing& packet : sending_) next.at = std::min(next.at, packet.due);
  return next;
}

void Reliable::restore(const Counters& counters) {
  next_send_ = counters.next_send;
  next_expected_ = counters.next_expected;
}

}  // namespace adit::session
