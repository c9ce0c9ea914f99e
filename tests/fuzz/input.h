#pragma once

// What every target is made of: bytes that choose, and bytes that are tried.

#include <array>

#include "base/assert.h"
#include "base/bytes.h"

namespace adit::fuzz {

// A target defines this. It returns normally unless something is wrong with us; what must hold is
// stated with ADIT_ASSERT.
void try_input(Bytes input);

// Takes choices from the front of an input. At its end every choice is zero, so that any prefix of
// an input is an input too.
class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  // 0 .. bound - 1, bound at most 256
  std::size_t below(std::size_t bound) { return u8() % bound; }
  bool flag() { return (u8() & 1) != 0; }

  template <typename Choices>
  const auto& pick(const Choices& choices) {
    return choices[below(std::size(choices))];
  }

  // At most count bytes.
  Bytes take(std::size_t count) {
    const Bytes head = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(head.size());
    return head;
  }
  // A piece that says its own length: 255 stands for two more length bytes.
  Bytes piece() {
    const std::size_t length = u8();
    return take(length < 255 ? length : u16());
  }
  Bytes rest() { return take(rest_.size()); }

 private:
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(width)) value = value << 8 | byte;
    return value;
  }
  Bytes rest_;
};

// Compares out of the fuzzer's sight. Of any other comparison it notes the operands, to try them as
// inputs: it would learn what our keys have signed, and what it then shows us is authentic.
inline bool same(Bytes a, Bytes b) { return equal_constant_time(a, b); }

// Flips, cuts, inserts and overwrites as the input says; at most eight steps.
void damage(Buffer& bytes, Input& input);

}  // namespace adit::fuzz
