#pragma once

#include <array>

#include "wire/compression.h"

namespace adit::wire {

inline constexpr std::size_t lzo_table_bits = 12;
inline constexpr std::size_t lzo_longest = 0xFFFE;
using LzoTable = std::array<std::uint16_t, std::size_t{1} << lzo_table_bits>;

// The data as an LZO1X stream; nothing when it does not fit into out. The table is room to work in.
[[nodiscard]] std::optional<std::size_t> lzo1x_compress(Bytes data, MutableBytes out,
                                                        LzoTable& table);

// Frames payloads compressed, where that makes them shorter. What becomes of a packet depends on
// that packet alone. Allocates nothing after it was made. One owner thread.
class Compressor {
 public:
  // largest_payload  of those that are worth a try
  explicit Compressor(std::size_t largest_payload);

  // Frames one payload in place; needs the room that frame_uncompressed needs.
  // source: wire protocol 12
  void frame(CompressionFraming framing, Packet& packet);

 private:
  [[nodiscard]] std::optional<std::size_t> lz4(Bytes data, std::size_t most);

  Buffer out_;
  Buffer lz4_state_;
  LzoTable lzo_table_{};
};

}  // namespace adit::wire
