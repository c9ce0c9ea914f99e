#include "wire/compression.h"

namespace adit::wire {

namespace {

constexpr std::uint8_t no_compress = 0xFA;       // FA packet
constexpr std::uint8_t no_compress_swap = 0xFB;  // FB packet, first byte at the end
constexpr std::uint8_t lzo_compressed = 0x66;
constexpr std::uint8_t lz4_compressed_swap = 0x69;
constexpr std::uint8_t v2_indicator = 0x50;
constexpr std::uint8_t v2_none = 0x00;
constexpr std::uint8_t v2_none_of_2x = 0x0A;  // 2.4 to 2.7 send this by mistake
constexpr std::uint8_t v2_lz4 = 0x01;

// The last byte goes to the front, over the framing byte.
void unswap(Packet& packet) {
  const std::uint8_t first = packet.data()[packet.size() - 1];
  packet.data()[0] = first;
  packet.drop_back(1);
}

Drop replace(Packet& packet, std::optional<std::size_t> size, Bytes room) {
  if (!size) return Drop::bad_framing;
  if (*size > packet.size() + packet.back_room()) return Drop::too_big;
  packet.assign(room.first(*size), packet.front_room());
  return Drop::none;
}

Drop unframe_lzo(Packet& packet, MutableBytes room) {
  const std::uint8_t byte = packet.data()[0];
  packet.drop_front(1);
  if (byte == no_compress) return Drop::none;
  if (byte != lzo_compressed || room.empty()) return Drop::bad_framing;
  return replace(packet, lzo1x_decompress(packet.bytes(), room), room);
}

Drop unframe_swap(Packet& packet, MutableBytes room) {
  const std::uint8_t byte = packet.data()[0];
  if (byte != no_compress_swap && byte != lz4_compressed_swap) return Drop::bad_framing;
  if (packet.size() < 2) {
    packet.drop_front(1);
    return byte == no_compress_swap ? Drop::none : Drop::bad_framing;
  }
  unswap(packet);
  if (byte == no_compress_swap) return Drop::none;
  if (room.empty()) return Drop::bad_framing;
  return replace(packet, lz4_decompress(packet.bytes(), room), room);
}

Drop unframe_v2(Packet& packet, MutableBytes room) {
  if (packet.data()[0] != v2_indicator) return Drop::none;
  if (packet.size() < 2) {
    packet.drop_front(1);
    return Drop::none;
  }
  const std::uint8_t code = packet.data()[1];
  packet.drop_front(2);
  if (code == v2_none || code == v2_none_of_2x) return Drop::none;
  if (code != v2_lz4 || room.empty()) return Drop::bad_framing;
  return replace(packet, lz4_decompress(packet.bytes(), room), room);
}

// The mark takes the first byte's place, which goes to the end.
void swap_in(std::uint8_t mark, Packet& packet) {
  *packet.append(1) = packet.data()[0];
  packet.data()[0] = mark;
}

void put_v2_header(std::uint8_t code, Packet& packet) {
  packet.prepend(2)[0] = v2_indicator;
  packet.data()[1] = code;
}

}  // namespace

void frame_uncompressed(CompressionFraming framing, Packet& packet) {
  switch (framing) {
    case CompressionFraming::none:
      return;
    case CompressionFraming::lzo:
      *packet.prepend(1) = no_compress;
      return;
    case CompressionFraming::swap:
      if (packet.empty()) {
        *packet.prepend(1) = no_compress_swap;
        return;
      }
      return swap_in(no_compress_swap, packet);
    case CompressionFraming::stub_v2:
      if (packet.empty() || packet.data()[0] != v2_indicator) return;
      return put_v2_header(v2_none, packet);
  }
}

void mark_compressed(CompressionFraming framing, Packet& packet) {
  switch (framing) {
    case CompressionFraming::none:
      return;
    case CompressionFraming::lzo:
      *packet.prepend(1) = lzo_compressed;
      return;
    case CompressionFraming::swap:
      return swap_in(lz4_compressed_swap, packet);
    case CompressionFraming::stub_v2:
      return put_v2_header(v2_lz4, packet);
  }
}

Drop unframe(CompressionFraming framing, Packet& packet, MutableBytes room) {
  if (framing == CompressionFraming::none) return Drop::none;
  if (packet.empty()) return Drop::bad_framing;
  switch (framing) {
    case CompressionFraming::lzo:
      return unframe_lzo(packet, room);
    case CompressionFraming::swap:
      return unframe_swap(packet, room);
    default:
      return unframe_v2(packet, room);
  }
}

}  // namespace adit::wire
