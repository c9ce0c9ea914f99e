// Compression framing: any bytes taken apart under every framing, and what we frame comes back.
//
//   framing | u16 decompression room | payload

#include <algorithm>

#include "tests/fuzz/input.h"
#include "wire/compressor.h"

namespace adit::fuzz {

namespace {

using wire::CompressionFraming;
constexpr std::size_t front_room = 8;
constexpr std::size_t back_room = 40;

Packet packet_of(Buffer& storage, Bytes bytes) {
  storage.assign(front_room + bytes.size() + back_room, 0xEE);
  Packet packet(storage, 0, 0);
  packet.assign(bytes, front_room);
  return packet;
}

void try_unframe(CompressionFraming framing, Bytes bytes, MutableBytes room) {
  Buffer storage;
  Packet packet = packet_of(storage, bytes);
  const Drop verdict = wire::unframe(framing, packet, room);
  ADIT_ASSERT(verdict == Drop::none || verdict == Drop::bad_framing || verdict == Drop::too_big);
  ADIT_ASSERT(packet.front_room() >= front_room);
}

// Without room nothing is decompressed, and what is taken is what unframe() takes.
void try_unframe_stub(CompressionFraming framing, Bytes bytes, MutableBytes room) {
  Buffer storage, other_storage;
  Packet packet = packet_of(storage, bytes), other = packet_of(other_storage, bytes);
  if (wire::unframe(framing, packet, {}) != Drop::none) return;
  ADIT_ASSERT(wire::unframe(framing, other, room) == Drop::none);
  ADIT_ASSERT(std::ranges::equal(packet.bytes(), other.bytes()));
  ADIT_ASSERT(packet.size() <= bytes.size());
}

void try_round_trip(CompressionFraming framing, Bytes bytes, MutableBytes room) {
  Buffer storage;
  Packet packet = packet_of(storage, bytes);
  wire::frame_uncompressed(framing, packet);
  ADIT_ASSERT(wire::unframe(framing, packet, room) == Drop::none);
  ADIT_ASSERT(std::ranges::equal(packet.bytes(), bytes));
}

// What is sent compressed comes back, is never longer than what was framed bare, and fits.
void try_compressed(CompressionFraming framing, Bytes bytes) {
  static wire::Compressor compressor(4096);
  Buffer storage, bare_storage;
  Packet packet = packet_of(storage, bytes), bare = packet_of(bare_storage, bytes);
  compressor.frame(framing, packet);
  wire::frame_uncompressed(framing, bare);
  ADIT_ASSERT(packet.size() <= bare.size());
  Buffer room(bytes.size());
  ADIT_ASSERT(wire::unframe(framing, packet, room) == Drop::none);
  ADIT_ASSERT(std::ranges::equal(packet.bytes(), bytes));
}

}  // namespace

void try_input(Bytes bytes) {
  constexpr std::array framings{CompressionFraming::none, CompressionFraming::lzo,
                                CompressionFraming::swap, CompressionFraming::stub_v2};
  Input input(bytes);
  const CompressionFraming framing = input.pick(framings);
  Buffer room(input.u16() % 4096);
  const Bytes payload = input.rest();
  try_unframe(framing, payload, room);
  try_unframe_stub(framing, payload, room);
  if (payload.empty()) return;
  try_round_trip(framing, payload, room);
  try_compressed(framing, payload);
}

}  // namespace adit::fuzz
