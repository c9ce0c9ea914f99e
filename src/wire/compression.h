#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/drop.h"
#include "base/packet.h"

namespace adit::wire {

// How payloads are framed for compression.
enum class CompressionFraming : std::uint8_t {
  none,     // no byte at all
  lzo,      // comp-lzo, compress lzo: FA packet, or 66 lzo data
  swap,     // compress, compress stub, compress lz4: FB, first byte moved to the end; 69 lz4 data
  stub_v2,  // compress stub-v2, lz4-v2: bare, 50 xx escapes
};

// Frames one payload in place; needs 2 bytes of front room and 1 behind.
void frame_uncompressed(CompressionFraming framing, Packet& packet);

// The same for one that was compressed, not empty, under any framing but none.
void mark_compressed(CompressionFraming framing, Packet& packet);

// Takes the framing off in place. Compressed payloads are decompressed into room (bounded by it)
// and copied back; Drop::bad_framing for anything that was not agreed on or does not decompress,
// Drop::too_big when the result does not fit.
//
// room  empty where only the framing was agreed on: then nothing may be compressed
[[nodiscard]] Drop unframe(CompressionFraming framing, Packet& packet, MutableBytes room);

// Raw LZ4 block and LZO1X streams into room; nothing for malformed input or output beyond room.
[[nodiscard]] std::optional<std::size_t> lz4_decompress(Bytes block, MutableBytes room);
[[nodiscard]] std::optional<std::size_t> lzo1x_decompress(Bytes stream, MutableBytes room);

}  // namespace adit::wire
