// An encoder for LZO1X streams, as plain as the format allows: greedy, one candidate for each
// place, near and middle matches only. Written, like the decoder, after the public description of
// the stream in the Linux kernel's documentation (staging/lzo).

#include <algorithm>

#include "wire/compressor.h"

namespace adit::wire {

namespace {

constexpr std::size_t least_match = 4;
constexpr std::size_t first_run = 4;  // fewer literals at the beginning would need another form
constexpr std::size_t farthest = 16384;

class Lzo1xEncoder {
 public:
  Lzo1xEncoder(Bytes in, MutableBytes out, LzoTable& table) : in_(in), out_(out), table_(table) {}

  std::optional<std::size_t> run() {
    table_.fill(0);
    for (std::size_t at = first_run; at + least_match <= in_.size() && !full_;) {
      const std::size_t distance = look_up(at);
      if (distance == 0) {
        at += 1 + (at - written_) / 32;  // what repeats nothing is passed over faster and faster
        continue;
      }
      const std::size_t length = common_length(at, distance);
      literals(at);
      match(distance, length);
      at += length;
      written_ = at;
    }
    literals(in_.size());
    put(0x11);  // the end
    put(0);
    put(0);
    if (full_) return std::nullopt;
    return out_at_;
  }

 private:
  void put(std::size_t byte) {
    if (out_at_ == out_.size()) {
      full_ = true;
      return;
    }
    out_[out_at_++] = static_cast<std::uint8_t>(byte);
  }

  // How far back the same four bytes stood last; 0: not near enough, or never.
  std::size_t look_up(std::size_t at) {
    const std::uint32_t word = load_u32(&in_[at]);
    std::uint16_t& slot = table_[(word * 2654435761u) >> (32 - lzo_table_bits)];
    const std::size_t before = slot;  // the place plus one
    slot = static_cast<std::uint16_t>(at + 1);
    if (before == 0 || at + 1 - before > farthest) return 0;
    return load_u32(&in_[before - 1]) == word ? at + 1 - before : 0;
  }

  [[nodiscard]] std::size_t common_length(std::size_t at, std::size_t distance) const {
    std::size_t length = least_match;
    while (at + length < in_.size() && in_[at + length] == in_[at + length - distance]) ++length;
    return length;
  }

  // The part of a length that does not fit the instruction's own bits.
  void rest_of_length(std::size_t length) {
    for (; length > 255; length -= 255) put(0);
    put(length);
  }

  // All that was not written yet, up to here. Three and fewer stand with the match before them.
  void literals(std::size_t end) {
    const std::size_t count = end - written_;
    if (count == 0 || full_) return;
    if (out_at_ == 0 && count >= first_run && count <= 238) {
      put(count + 17);
    } else if (count <= 3) {
      out_[out_at_ - 2] |= static_cast<std::uint8_t>(count);
    } else if (count <= 18) {
      put(count - 3);
    } else {
      put(0);
      rest_of_length(count - 18);
    }
    for (std::size_t i = written_; i < end; ++i) put(in_[i]);
  }

  void match(std::size_t distance, std::size_t length) {
    const std::size_t back = distance - 1;
    if (length <= 8 && distance <= 2048) {
      put((length - 1) << 5 | (back & 7) << 2);
      put(back >> 3);
      return;
    }
    if (length <= 33) {
      put(32 | (length - 2));
    } else {
      put(32);
      rest_of_length(length - 33);
    }
    put((back << 2) & 255);
    put(back >> 6);
  }

  Bytes in_;
  MutableBytes out_;
  LzoTable& table_;
  std::size_t out_at_ = 0;
  std::size_t written_ = 0;  // bytes of in_ that are in the stream
  bool full_ = false;
};

}  // namespace

std::optional<std::size_t> lzo1x_compress(Bytes data, MutableBytes out, LzoTable& table) {
  if (data.size() < first_run || data.size() > lzo_longest) return std::nullopt;
  return Lzo1xEncoder(data, out, table).run();
}

}  // namespace adit::wire
