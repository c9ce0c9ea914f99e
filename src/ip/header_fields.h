#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

// What the files of this room and of the plane read and write in headers of packets.
// source: RFC 791, 8200, 9293, 768, 792, 4443
namespace adit::ip {

inline constexpr std::size_t v4_header_bytes = 20, tcp_header_bytes = 20;  // without options
inline constexpr std::size_t v6_header_bytes = 40;                         // without extensions
inline constexpr std::size_t udp_header_bytes = 8, icmp_header_bytes = 8;
inline constexpr std::size_t tcp_checksum_at = 16, udp_checksum_at = 6;  // in their headers
inline constexpr std::uint8_t protocol_icmp = 1, protocol_tcp = 6, protocol_udp = 17;
inline constexpr std::uint8_t protocol_icmpv6 = 58;
inline constexpr std::uint8_t tcp_fin = 0x01, tcp_syn = 0x02, tcp_psh = 0x08, tcp_ack = 0x10;
inline constexpr std::uint8_t tcp_cwr = 0x80;
inline constexpr std::uint16_t dont_fragment = 0x4000, more_fragments = 0x2000;
inline constexpr std::uint16_t fragment_offset = 0x1FFF;

// packet: with a whole IPv4 header.
inline bool is_fragment(const std::uint8_t* packet) {
  return (load_u16(packet + 6) & (more_fragments | fragment_offset)) != 0;
}
inline bool is_later_fragment(const std::uint8_t* packet) {
  return (load_u16(packet + 6) & fragment_offset) != 0;
}

// As the 16 bits of a header's field.
inline std::uint16_t low(std::size_t value) { return static_cast<std::uint16_t>(value); }

}  // namespace adit::ip
