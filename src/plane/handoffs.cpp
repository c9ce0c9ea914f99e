#include "plane/handoffs.h"

namespace adit::plane {

namespace {
constexpr std::size_t ring_slots = 1024;
constexpr std::size_t loud_slots = ring_slots / 4 * 3;
constexpr std::size_t taken_at_once = 16;  // long enough to stay a run of one peer
}  // namespace

void Shares::forget_half() {
  total_ = 0;
  for (std::uint32_t& count : counts_) total_ += count /= 2;
}

Handoffs::Handoffs(std::size_t lanes, bool between_clients, std::size_t largest_packet)
    : from_up_(lanes), from_down_(lanes) {
  const auto make = [&] {
    return std::make_unique<HandoffRing>(ring_slots, largest_packet, HandoffRing::Memory::used);
  };
  for (std::size_t from = 0; from < lanes; ++from) {
    for (std::size_t to = 0; to < lanes; ++to) {
      from_up_[from].push_back(from != to ? make() : nullptr);
      from_down_[from].push_back(between_clients ? make() : nullptr);
    }
  }
}

Handoffs::Sender Handoffs::sender(const std::vector<std::unique_ptr<HandoffRing>>& rings,
                                  std::span<ports::Doorbell* const> up_bells) {
  Sender sender;
  for (std::size_t to = 0; to < rings.size(); ++to) {
    sender.ways_.push_back({rings[to].get(), up_bells[to], {}, false});
  }
  return sender;
}

Handoffs::Sender Handoffs::up_sender(std::size_t lane, std::span<ports::Doorbell* const> up_bells) {
  return sender(from_up_[lane], up_bells);
}

Handoffs::Sender Handoffs::down_sender(std::size_t lane,
                                       std::span<ports::Doorbell* const> up_bells) {
  return sender(from_down_[lane], up_bells);
}

Handoffs::Receiver Handoffs::receiver(std::size_t lane) {
  Receiver receiver;
  for (const Rings* rings : {&from_up_, &from_down_}) {
    for (const auto& producer : *rings) {
      if (producer[lane] != nullptr) receiver.rings_.push_back(producer[lane].get());
    }
  }
  return receiver;
}

bool Handoffs::Sender::push(std::size_t lane, const Handoff& handoff, Bytes packet, PeerIndex by) {
  Way& way = ways_[lane];
  if (way.ring == nullptr) return false;
  way.shares.count(by);
  if (way.ring->waiting() >= loud_slots && way.shares.loud(by)) return false;
  if (!way.ring->push(handoff, packet)) return false;
  way.touched = true;
  return true;
}

void Handoffs::Sender::ring() {
  for (Way& way : ways_) {
    if (std::exchange(way.touched, false)) way.bell->ring();
  }
}

std::optional<HandoffRing::Message> Handoffs::Receiver::front() {
  for (std::size_t tried = 0; tried < rings_.size(); ++tried) {
    if (auto message = rings_[at_]->front()) return message;
    next();
  }
  return std::nullopt;
}

// Every producer has its turn, also beside one who never stops.
void Handoffs::Receiver::pop() {
  rings_[at_]->pop();
  if (++taken_ == taken_at_once) next();
}

void Handoffs::Receiver::next() {
  at_ = (at_ + 1) % rings_.size();
  taken_ = 0;
}

}  // namespace adit::plane
