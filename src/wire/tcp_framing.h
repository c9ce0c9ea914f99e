#pragma once

#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace adit::wire {

inline constexpr std::size_t tcp_length_bytes = 2;

// Cuts a TCP byte stream into packets. Bytes go in at room(), whole packets come out of next().
//
// capacity  bytes kept between calls; at least 2 + the largest packet accepted
class TcpDeframer {
 public:
  TcpDeframer(std::size_t capacity, std::size_t largest_packet)
      : buffer_(capacity), largest_(largest_packet) {}

  // Where the next received bytes go; filled(n) says how many came.
  MutableBytes room() {
    compact();
    return MutableBytes(buffer_).subspan(end_);
  }
  void filled(std::size_t count) { end_ += count; }

  // The next whole packet, valid until room() is called again; nothing when more bytes are needed.
  std::optional<MutableBytes> next() {
    if (broken_ || end_ - begin_ < tcp_length_bytes) return std::nullopt;
    const std::size_t length = load_u16(buffer_.data() + begin_);
    if (length == 0 || length > largest_) {
      broken_ = true;
      return std::nullopt;
    }
    if (end_ - begin_ < tcp_length_bytes + length) return std::nullopt;
    const MutableBytes packet = MutableBytes(buffer_).subspan(begin_ + tcp_length_bytes, length);
    begin_ += tcp_length_bytes + length;
    return packet;
  }

  // A length of zero or beyond the largest packet: the connection must be reset.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  void compact() {
    if (begin_ == 0) return;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }

  Buffer buffer_;
  std::size_t largest_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool broken_ = false;
};

}  // namespace adit::wire
