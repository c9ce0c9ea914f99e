#include "system/joined_link.h"

#include <algorithm>

#include "base/assert.h"
#include "plane/lane.h"

namespace adit::system {

namespace {

constexpr std::size_t least_share = 2;  // a part may have one for control packets

}  // namespace

JoinedLink::JoinedLink(std::vector<ports::LinkPort*> datagrams, ports::LinkPort* streams)
    : parts_(std::move(datagrams)), datagram_parts_(parts_.size()) {
  if (streams != nullptr) parts_.push_back(streams);
  ADIT_ASSERT(!parts_.empty());
  in_fragments_.reserve(plane::batch_packets);
}

std::size_t JoinedLink::read(std::span<Packet> packets, std::span<ports::LinkAddress> from,
                             std::size_t front_room) {
  in_fragments_.clear();
  const std::size_t most = std::min(packets.size(), from.size()), parts = parts_.size();
  first_ = (first_ + 1) % parts;
  std::size_t filled = 0;
  for (std::size_t turn = 0; turn < parts && filled < most; ++turn) {
    const std::size_t number = (first_ + turn) % parts;
    const std::size_t left = most - filled;
    const std::size_t share = std::min(left, std::max(left / (parts - turn), least_share));
    const auto addresses = from.subspan(filled, share);
    const std::size_t count =
        parts_[number]->read(packets.subspan(filled, share), addresses, front_room);
    for (ports::LinkAddress& address : addresses.first(count)) {
      address.socket = static_cast<std::uint16_t>(number < datagram_parts_ ? number : 0);
    }
    for (const std::uint16_t at : parts_[number]->in_fragments()) {
      in_fragments_.push_back(static_cast<std::uint16_t>(at + filled));
    }
    filled += count;
  }
  return filled;
}

std::size_t JoinedLink::take_closed(std::span<ports::LinkAddress> streams) {
  return parts_.size() > datagram_parts_ ? parts_.back()->take_closed(streams) : 0;
}

std::size_t JoinedLink::take_too_large(std::span<ports::TooLarge> hints) {
  std::size_t count = 0;
  for (ports::LinkPort* part : parts_) count += part->take_too_large(hints.subspan(count));
  return count;
}

std::optional<ports::LinkError> JoinedLink::take_error() {
  std::optional<ports::LinkError> last;
  for (ports::LinkPort* part : parts_) {
    if (const auto error = part->take_error()) last = error;
  }
  return last;
}

ports::LinkPort* JoinedLink::part_for(const ports::LinkAddress& to) const {
  if (to.stream != 0) return parts_.size() > datagram_parts_ ? parts_.back() : nullptr;
  return to.socket < datagram_parts_ ? parts_[to.socket] : nullptr;
}

// Consecutive packets for one socket travel together.
void JoinedLink::write(std::span<const ports::OutgoingPacket> packets, DropCounters& drops) {
  while (!packets.empty()) {
    ports::LinkPort* const part = part_for(packets.front().to);
    std::size_t size = 1;
    while (size < packets.size() && part_for(packets[size].to) == part) ++size;
    if (part != nullptr) {
      part->write(packets.first(size), drops);
    } else {
      for (std::size_t i = 0; i < size; ++i) drops.add(Drop::link_error);
    }
    packets = packets.subspan(size);
  }
}

ports::LinkTraffic JoinedLink::traffic() const {
  ports::LinkTraffic sum;
  for (const ports::LinkPort* part : parts_) sum += part->traffic();
  return sum;
}

// Of datagrams: what all of their sockets have.
ports::LinkOffloads JoinedLink::offloads() const {
  ports::LinkOffloads all{datagram_parts_ > 0, datagram_parts_ > 0, {}};
  for (std::size_t i = 0; i < datagram_parts_; ++i) {
    const ports::LinkOffloads one = parts_[i]->offloads();
    all.gro = all.gro && one.gro;
    all.gso = all.gso && one.gso;
    if (all.why.empty()) all.why = one.why;
  }
  return all;
}

void JoinedLink::close_stream(std::uint32_t stream) {
  if (parts_.size() > datagram_parts_) parts_.back()->close_stream(stream);
}

}  // namespace adit::system
