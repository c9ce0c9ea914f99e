#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adit {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
using Buffer = std::vector<std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Buffer to_buffer(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// Compares without a branch on the content; differing lengths are unequal.
[[nodiscard]] bool equal_constant_time(Bytes a, Bytes b);

std::string to_hex(Bytes bytes);
[[nodiscard]] std::optional<Buffer> from_hex(std::string_view text);
std::string to_base64(Bytes bytes);
// Ignores white space; refuses any other foreign character and wrong padding.
[[nodiscard]] std::optional<Buffer> from_base64(std::string_view text);

// Reads big-endian fields from untrusted bytes. Reading past the end yields zeros and leaves the
// reader failed for good, so a decoder may read every field first and ask ok() once.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  Bytes take(std::size_t count);  // empty when fewer bytes are left
  Bytes rest() { return take(rest_.size()); }

  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t number(std::size_t width);

  Bytes rest_;
  bool ok_ = true;
};

// Writes big-endian fields into a given span. Writing past the end leaves the writer failed and
// the span untouched from there on.
class Writer {
 public:
  explicit Writer(MutableBytes room) : room_(room) {}

  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u24(std::uint32_t value) { number(value, 3); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void put(Bytes bytes);
  MutableBytes claim(std::size_t count);  // the next bytes, for the caller to fill

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] std::size_t left() const { return room_.size() - used_; }
  [[nodiscard]] MutableBytes written() const { return room_.first(used_); }

 private:
  void number(std::uint64_t value, std::size_t width);

  MutableBytes room_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

inline std::uint16_t load_u16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>((at[0] << 8) | at[1]);
}
inline std::uint32_t load_u32(const std::uint8_t* at) {
  return (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) | (std::uint32_t{at[2]} << 8) |
         at[3];
}
inline void store_u16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
inline void store_u32(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 24);
  at[1] = static_cast<std::uint8_t>(value >> 16);
  at[2] = static_cast<std::uint8_t>(value >> 8);
  at[3] = static_cast<std::uint8_t>(value);
}

}  // namespace adit
