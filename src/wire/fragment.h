#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace adit::wire {

// The 32-bit word in front of every payload when "fragment" is on.
struct FragmentHeader {
  enum class Type : std::uint8_t { whole = 0, part = 1, last = 2 };
  Type type = Type::whole;
  std::uint8_t sequence = 0;
  std::uint8_t number = 0;  // 0..31
  std::uint32_t size = 0;   // of all parts but the last; stated in the last only
};
inline constexpr std::size_t fragment_header_bytes = 4;

// Refuses the test type and a whole packet with any other bit set.
[[nodiscard]] std::optional<FragmentHeader> decode_fragment_header(std::uint32_t word);
[[nodiscard]] std::uint32_t encode_fragment_header(const FragmentHeader& header);

}  // namespace adit::wire
