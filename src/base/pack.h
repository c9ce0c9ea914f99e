#pragma once

#include <string_view>

#include "base/bytes.h"

namespace adit {

// Appends big-endian fields to a growing buffer; texts and lists carry their length. Reader reads
// them back.
class Pack {
 public:
  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void flag(bool value) { u8(value ? 1 : 0); }
  void bytes(Bytes value) { out_.insert(out_.end(), value.begin(), value.end()); }
  void sized(Bytes value) {
    u32(static_cast<std::uint32_t>(value.size()));
    bytes(value);
  }
  void text(std::string_view value) { sized(as_bytes(value)); }

  [[nodiscard]] Buffer take() { return std::move(out_); }

 private:
  void number(std::uint64_t value, int width) {
    for (int i = width - 1; i >= 0; --i)
      out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  Buffer out_;
};

inline Bytes unpack_sized(Reader& in) { return in.take(in.u32()); }
inline std::string unpack_text(Reader& in) { return std::string(as_text(unpack_sized(in))); }

}  // namespace adit
