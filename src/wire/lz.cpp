// Decoders for the two compression formats that old peers may still send. liblzo2 is GPL, so the
// LZO1X decoder is our own; it follows the public description of the stream in the Linux kernel's
// documentation (staging/lzo). LZ4 comes from liblz4.

#include <lz4.h>

#include "wire/compression.h"

namespace adit::wire {

std::optional<std::size_t> lz4_decompress(Bytes block, MutableBytes room) {
  const int size = LZ4_decompress_safe(
      reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(room.data()),
      static_cast<int>(block.size()), static_cast<int>(room.size()));
  if (size < 0) return std::nullopt;
  return static_cast<std::size_t>(size);
}

namespace {

class Lzo1xDecoder {
 public:
  Lzo1xDecoder(Bytes in, MutableBytes out) : in_(in), out_(out) {}

  std::optional<std::size_t> run() {
    first_instruction();
    while (!failed_ && !finished_) instruction(byte());
    if (failed_ || in_at_ != in_.size()) return std::nullopt;
    return out_at_;
  }

 private:
  std::uint8_t byte() {
    if (in_at_ >= in_.size()) {
      failed_ = true;
      return 0;
    }
    return in_[in_at_++];
  }
  std::size_t u16_le() {
    const std::size_t low = byte();
    return low | std::size_t{byte()} << 8;
  }

  // A length of zero bits goes on: each zero byte adds 255, the byte that ends it is added too.
  std::size_t long_length(std::size_t bits, std::size_t mask) {
    if (bits != 0) return bits;
    std::size_t length = mask;
    std::uint8_t more = byte();
    while (more == 0 && !failed_) {
      length += 255;
      if (length > out_.size()) failed_ = true;
      more = byte();
    }
    return length + more;
  }

  void literals(std::size_t count) {
    if (failed_ || count > in_.size() - in_at_ || count > out_.size() - out_at_) {
      failed_ = true;
      return;
    }
    for (std::size_t i = 0; i < count; ++i) out_[out_at_++] = in_[in_at_++];
  }

  void match(std::size_t distance, std::size_t length) {
    if (failed_ || distance > out_at_ || length > out_.size() - out_at_) {
      failed_ = true;
      return;
    }
    for (std::size_t i = 0; i < length; ++i, ++out_at_) out_[out_at_] = out_[out_at_ - distance];
  }

  // state_: how many literals the last instruction copied (0..3), 4 for a long run.
  void trailing_literals(std::size_t count) {
    literals(count);
    state_ = count;
  }

  void first_instruction() {
    if (in_.empty()) {
      failed_ = true;
      return;
    }
    if (in_[0] < 18) return;
    const std::size_t count = std::size_t{byte()} - 17;
    literals(count);
    state_ = count < 4 ? count : 4;
  }

  void instruction(std::uint8_t op) {
    if (failed_) return;
    if (op >= 64) {
      const std::size_t length = op >= 128 ? 5u + ((op >> 5) & 3u) : 3u + ((op >> 5) & 1u);
      const std::size_t distance = (std::size_t{byte()} << 3) + ((op >> 2) & 7u) + 1;
      match(distance, length);
      trailing_literals(op & 3u);
    } else if (op >= 32) {
      const std::size_t length = 2 + long_length(op & 31u, 31);
      const std::size_t word = u16_le();
      match((word >> 2) + 1, length);
      trailing_literals(word & 3u);
    } else if (op >= 16) {
      far_match(op);
    } else {
      short_instruction(op);
    }
  }

  void far_match(std::uint8_t op) {
    const std::size_t length = 2 + long_length(op & 7u, 7);
    const std::size_t word = u16_le();
    const std::size_t distance = 16384 + (std::size_t{op & 8u} << 11) + (word >> 2);
    if (distance == 16384) {  // the end marker
      finished_ = true;
      if (length != 3) failed_ = true;
      return;
    }
    match(distance, length);
    trailing_literals(word & 3u);
  }

  void short_instruction(std::uint8_t op) {
    if (state_ == 0) {
      literals(3 + long_length(op, 15));
      state_ = 4;
      return;
    }
    const std::size_t base = state_ == 4 ? 2049 : 1;
    const std::size_t distance = (std::size_t{byte()} << 2) + ((op >> 2) & 3u) + base;
    match(distance, state_ == 4 ? 3 : 2);
    trailing_literals(op & 3u);
  }

  Bytes in_;
  MutableBytes out_;
  std::size_t in_at_ = 0;
  std::size_t out_at_ = 0;
  std::size_t state_ = 0;
  bool failed_ = false;
  bool finished_ = false;
};

}  // namespace

std::optional<std::size_t> lzo1x_decompress(Bytes stream, MutableBytes room) {
  return Lzo1xDecoder(stream, room).run();
}

}  // namespace adit::wire
