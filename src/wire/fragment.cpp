#include "wire/fragment.h"

namespace adit::wire {

std::optional<FragmentHeader> decode_fragment_header(std::uint32_t word) {
  const unsigned type = word & 3u;
  if (type == 3) return std::nullopt;
  if (type == 0 && word != 0) return std::nullopt;
  FragmentHeader header;
  header.type = static_cast<FragmentHeader::Type>(type);
  header.sequence = static_cast<std::uint8_t>(word >> 2);
  header.number = static_cast<std::uint8_t>(word >> 10 & 31u);
  header.size = (word >> 15 & 0x3FFFu) * 4;
  return header;
}

std::uint32_t encode_fragment_header(const FragmentHeader& header) {
  if (header.type == FragmentHeader::Type::whole) return 0;
  std::uint32_t word = static_cast<std::uint32_t>(header.type);
  word |= std::uint32_t{header.sequence} << 2;
  word |= (std::uint32_t{header.number} & 31u) << 10;
  if (header.type == FragmentHeader::Type::last) word |= (header.size / 4 & 0x3FFFu) << 15;
  return word;
}

}  // namespace adit::wire
