// The decoders of old compression formats: LZO1X streams written instruction by instruction must
// decode to what the instructions say, LZ4 blocks to what was compressed; anything else must only
// stay within its room.
//
//   kind: any LZO, any LZ4, written LZO, compressed LZ4 | u16 room, any of the former | stream

#include <algorithm>
#include <lz4.h>

#include "tests/fuzz/input.h"
#include "wire/compression.h"

namespace adit::fuzz {

namespace {

// Writes an LZO1X stream and, beside it, what it stands for.
class LzoWriter {
 public:
  void begin(Input& input) {
    const std::size_t count = input.u8();
    if (count == 0 || count > 238) return;
    stream_.push_back(static_cast<std::uint8_t>(count + 17));
    literals(count, input);
    state_ = count < 4 ? count : 4;
  }

  void step(Input& input) {
    switch (input.below(5)) {
      case 0:
        return long_literals(input);
      case 1:
        return short_match(input);
      case 2:
        return near_match(input);
      case 3:
        return middle_match(input);
      default:
        return far_match(input);
    }
  }

  void end() { put({0x11, 0, 0}); }

  [[nodiscard]] const Buffer& stream() const { return stream_; }
  [[nodiscard]] const Buffer& text() const { return text_; }

 private:
  void put(std::initializer_list<std::size_t> bytes) {
    for (const std::size_t byte : bytes) stream_.push_back(static_cast<std::uint8_t>(byte));
  }
  void literals(std::size_t count, Input& input) {
    for (; count > 0; --count) {
      stream_.push_back(input.u8());
      text_.push_back(stream_.back());
    }
  }
  // A length that does not fit the instruction's own bits.
  void rest_of_length(std::size_t length) {
    for (; length > 255; length -= 255) put({0});
    put({length});
  }
  void copy(std::size_t distance, std::size_t length) {
    for (; length > 0; --length) text_.push_back(text_[text_.size() - distance]);
  }
  void trailing(std::size_t count, Input& input) {
    literals(count, input);
    state_ = count;
  }
  // A distance from .. from + span - 1 that lies within the text; 0: there is none.
  [[nodiscard]] std::size_t distance(Input& input, std::size_t from, std::size_t span) const {
    if (text_.size() < from) return 0;
    return from + input.u16() % std::min(span, text_.size() - from + 1);
  }

  void long_literals(Input& input) {
    if (state_ != 0) return;
    const std::size_t count = 4 + input.u16() % 1000;
    if (count <= 18) {
      put({count - 3});
    } else {
      put({0});
      rest_of_length(count - 18);
    }
    literals(count, input);
    state_ = 4;
  }

  void short_match(Input& input) {
    if (state_ == 0) return;
    const bool after_run = state_ == 4;
    const std::size_t base = after_run ? 2049 : 1;
    const std::size_t back = distance(input, base, 1024);
    if (back == 0) return;
    const std::size_t after = input.below(4);
    put({((back - base) & 3) << 2 | after, (back - base) >> 2});
    copy(back, after_run ? 3 : 2);
    trailing(after, input);
  }

  void near_match(Input& input) {
    const std::size_t back = distance(input, 1, 2048);
    if (back == 0) return;
    const std::size_t length = 3 + input.below(6);
    const std::size_t after = input.below(4);
    put({(length - 1) << 5 | ((back - 1) & 7) << 2 | after, (back - 1) >> 3});
    copy(back, length);
    trailing(after, input);
  }

  void middle_match(Input& input) {
    const std::size_t back = distance(input, 1, 16384);
    if (back == 0) return;
    const std::size_t length = 3 + input.u16() % 800;
    const std::size_t after = input.below(4);
    if (length <= 33) {
      put({32 | (length - 2)});
    } else {
      put({32});
      rest_of_length(length - 33);
    }
    put({((back - 1) << 2 | after) & 255, (back - 1) >> 6});
    copy(back, length);
    trailing(after, input);
  }

  void far_match(Input& input) {
    const std::size_t back = distance(input, 16385, 32767);
    if (back == 0) return;
    const std::size_t length = 3 + input.u16() % 800;
    const std::size_t after = input.below(4);
    const std::size_t offset = back - 16384;
    const std::size_t high = (offset >> 14) << 3;
    if (length <= 9) {
      put({16 | high | (length - 2)});
    } else {
      put({16 | high});
      rest_of_length(length - 9);
    }
    put({((offset & 0x3FFF) << 2 | after) & 255, (offset & 0x3FFF) >> 6});
    copy(back, length);
    trailing(after, input);
  }

  Buffer stream_;
  Buffer text_;
  std::size_t state_ = 0;
};

void try_written_lzo(Input& input) {
  constexpr std::size_t enough = 60'000;
  LzoWriter writer;
  writer.begin(input);
  while (!input.empty() && writer.text().size() < enough) writer.step(input);
  writer.end();
  Buffer room(writer.text().size());
  ADIT_ASSERT(wire::lzo1x_decompress(writer.stream(), room) == room.size());
  ADIT_ASSERT(room == writer.text());
  if (room.empty()) return;
  Buffer narrow(room.size() - 1);
  ADIT_ASSERT(!wire::lzo1x_decompress(writer.stream(), narrow));
}

void try_compressed_lz4(Bytes text) {
  Buffer block(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(text.size()))));
  const int size = LZ4_compress_default(
      reinterpret_cast<const char*>(text.data()), reinterpret_cast<char*>(block.data()),
      static_cast<int>(text.size()), static_cast<int>(block.size()));
  ADIT_ASSERT(size > 0);
  block.resize(static_cast<std::size_t>(size));
  Buffer room(text.size());
  ADIT_ASSERT(wire::lz4_decompress(block, room) == text.size());
  ADIT_ASSERT(std::ranges::equal(room, text));
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  switch (input.below(4)) {
    case 0: {
      Buffer room(input.u16() % 8192);
      const auto size = wire::lzo1x_decompress(input.rest(), room);
      ADIT_ASSERT(!size || *size <= room.size());
      return;
    }
    case 1: {
      Buffer room(input.u16() % 8192);
      const auto size = wire::lz4_decompress(input.rest(), room);
      ADIT_ASSERT(!size || *size <= room.size());
      return;
    }
    case 2:
      return try_written_lzo(input);
    default:
      if (!input.empty()) try_compressed_lz4(input.rest());
      return;
  }
}

}  // namespace adit::fuzz
