// What the down lane tells of the path: echoes that come back, flows of large packets, and what the
// network says of packets of ours that were too large.

#include "ip/echo.h"
#include "plane/down_lane.h"

namespace adit::plane {

namespace {
constexpr unsigned hints_per_second = 32;  // for all peers: anybody can send them
constexpr std::size_t hints_per_turn = 8;
}  // namespace

bool DownLane::took_echo(const PeerSlot& peer, Bytes packet) {
  const auto sequence = ip::answer_to(peer.echo_mark, packet);
  if (!sequence) return false;
  std::uint8_t bytes[4];
  store_u16(bytes, *sequence);
  store_u16(bytes + 2, static_cast<std::uint16_t>(packet.size()));
  report({Report::Kind::echo, peer.index, peer.address}, bytes);
  return true;
}

void DownLane::ask_flows(PeerIndex peer, std::size_t larger_than) {
  const std::uint64_t asked = std::uint64_t{peer} << 32 | (larger_than & 0xFFFF) << 1 | 1;
  flows_asked_.store(asked, std::memory_order_relaxed);
}

void DownLane::tell_flows() {
  const std::uint64_t asked = flows_asked_.exchange(0, std::memory_order_relaxed);
  const auto peer = static_cast<PeerIndex>(asked >> 32);
  flows_.for_each(peer, asked >> 1 & 0xFFFF, [&](const LargeFlow& flow) {
    std::array<std::uint8_t, LargeFlows::most_encoded> room;
    const std::size_t size = flow.encode(room);
    report({Report::Kind::flow, peer, {}}, Bytes(room).first(size));
  });
}

void DownLane::tell_too_large() {
  std::array<ports::TooLarge, hints_per_turn> hints;
  const std::size_t count = around_.link.take_too_large(hints);
  for (std::size_t i = 0; i < count; ++i) {
    if (!hints_.one_more(now_, hints_per_second)) return;
    std::uint8_t bytes[4];
    store_u32(bytes, hints[i].mtu);
    ports::LinkAddress to;
    to.remote = hints[i].to;
    report({Report::Kind::too_large, no_peer, to}, bytes);
  }
}

// Where nobody is, each packet may come back so: once a second is enough.
void DownLane::tell_not_reached() {
  const auto error = around_.link.take_error();
  if (!error || !errors_.one_more(now_, 1)) return;
  std::uint8_t bytes[8];
  store_u32(bytes, static_cast<std::uint32_t>(error->error));
  store_u32(bytes + 4, static_cast<std::uint32_t>(error->descriptor));
  ports::LinkAddress to;
  to.remote = error->to;
  report({Report::Kind::not_reached, no_peer, to}, bytes);
}

}  // namespace adit::plane
