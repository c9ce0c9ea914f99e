// A packet as it is read from a tun device, with its vnet header: whatever both say, segments lie
// in their room, there are no more of them than bytes, together they are no less than the packet,
// and each is as long as it says itself. Finishing a checksum changes that field alone.
//
//   vnet header (10) | packet

#include <algorithm>
#include <cstring>

#include "ip/inner_packet.h"
#include "ip/segment.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

void split(const ip::VnetHeader& header, Bytes packet) {
  constexpr std::size_t most = 200;
  ip::Segments segments;
  if (segments.begin(header, packet) != Drop::none) {
    ADIT_ASSERT(segments.left() == 0);
    return;
  }
  ADIT_ASSERT(segments.left() >= 1 && segments.left() <= packet.size());
  Buffer room(packet.size() + 8, 0xA5);
  std::size_t sum = 0;
  const bool all = segments.left() <= most;
  for (std::size_t i = 0; segments.left() > 0 && i < most; ++i) {
    const std::size_t size = segments.next(MutableBytes(room).first(packet.size()));
    ADIT_ASSERT(size > 0 && size <= packet.size());
    ADIT_ASSERT(std::all_of(room.end() - 8, room.end(), [](auto byte) { return byte == 0xA5; }));
    const auto inner = ip::look(Bytes(room).first(size));
    ADIT_ASSERT(inner && inner->total_length == size);
    sum += size;
  }
  ADIT_ASSERT(!all || sum >= packet.size());
}

}  // namespace

void try_input(Bytes input) {
  if (input.size() < sizeof(ip::VnetHeader)) return;
  ip::VnetHeader header;
  std::memcpy(&header, input.data(), sizeof header);
  const Buffer packet = to_buffer(input.subspan(sizeof header));
  split(header, packet);
  Buffer finished = packet;
  const Drop verdict = ip::finish_checksum(header, finished);
  ADIT_ASSERT(finished.size() == packet.size());
  ADIT_ASSERT(verdict == Drop::none || finished == packet);
  if (packet != finished) {
    const std::size_t field = std::size_t{header.csum_start} + header.csum_offset;
    std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(field), 2,
                finished.begin() + static_cast<std::ptrdiff_t>(field));
    ADIT_ASSERT(packet == finished);  // nothing else was touched
  }
}

}  // namespace adit::fuzz
