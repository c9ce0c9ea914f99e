#include "wire/compressor.h"

#include <lz4.h>

namespace adit::wire {

namespace {

constexpr std::size_t least_worth_it = 100;  // bytes of payload
constexpr std::size_t v2_header = 2;

}  // namespace

Compressor::Compressor(std::size_t largest_payload)
    : out_(largest_payload), lz4_state_(static_cast<std::size_t>(LZ4_sizeofState())) {}

std::optional<std::size_t> Compressor::lz4(Bytes data, std::size_t most) {
  const int size =
      LZ4_compress_fast_extState(lz4_state_.data(), reinterpret_cast<const char*>(data.data()),
                                 reinterpret_cast<char*>(out_.data()),
                                 static_cast<int>(data.size()), static_cast<int>(most), 1);
  if (size <= 0) return std::nullopt;
  return static_cast<std::size_t>(size);
}

void Compressor::frame(CompressionFraming framing, Packet& packet) {
  const std::size_t length = packet.size();
  std::optional<std::size_t> size;
  if (length >= least_worth_it && length <= out_.size()) {
    if (framing == CompressionFraming::lzo) {
      size = lzo1x_compress(packet.bytes(), MutableBytes(out_).first(length - 1), lzo_table_);
    } else if (framing == CompressionFraming::swap) {
      size = lz4(packet.bytes(), length - 1);
    } else if (framing == CompressionFraming::stub_v2) {
      size = lz4(packet.bytes(), length - v2_header - 1);
    }
  }
  if (!size) return frame_uncompressed(framing, packet);
  packet.assign(Bytes(out_).first(*size), packet.front_room());
  mark_compressed(framing, packet);
}

}  // namespace adit::wire
