#pragma once

#include <cstdint>

namespace adit::ip {

// What stands before a packet on a tun device with offloads, in the machine's own byte order: how a
// packet that is larger than the MTU falls into segments, and which checksum is still to be made.
//
// source: virtio 1.1, 5.1.6 (the legacy layout without num_buffers)
struct VnetHeader {
  static constexpr std::uint8_t needs_checksum = 1, checksum_valid = 2;      // flags
  static constexpr std::uint8_t whole = 0, tcp_v4 = 1, tcp_v6 = 4, udp = 5;  // gso_type
  static constexpr std::uint8_t ecn = 0x80;                                  // or-ed to gso_type

  std::uint8_t flags = 0;
  std::uint8_t gso_type = whole;
  std::uint16_t hdr_len = 0;      // a hint; not to be believed when forwarded packets are read
  std::uint16_t gso_size = 0;     // payload bytes of every segment but the last
  std::uint16_t csum_start = 0;   // where the transport header begins
  std::uint16_t csum_offset = 0;  // of the checksum field, from csum_start
};
static_assert(sizeof(VnetHeader) == 10);

}  // namespace adit::ip
