#pragma once

#include "base/bytes.h"

namespace adit::ip {

// The Internet checksum (RFC 1071). A sum starts with 0 or with an earlier sum over an even number
// of bytes, and ends with checksum_fold().
[[nodiscard]] std::uint64_t checksum_add(std::uint64_t sum, Bytes bytes);
[[nodiscard]] std::uint16_t checksum_fold(std::uint64_t sum);  // complemented

// The same sum while the bytes are copied to a place of at least their size that does not overlap.
[[nodiscard]] std::uint64_t checksum_copy(std::uint64_t sum, Bytes from, std::uint8_t* to);

// Takes an earlier sum away again.
[[nodiscard]] inline std::uint64_t checksum_subtract(std::uint64_t sum, std::uint64_t earlier) {
  return sum + checksum_fold(earlier);
}

// A whole packet's checksum, ready for its field, after a word of 16 or 32 bits at an even offset
// was changed; one that was wrong stays wrong. source: RFC 1624
[[nodiscard]] std::uint16_t checksum_adjust(std::uint16_t checksum, std::uint32_t before,
                                            std::uint32_t after);

// The sum over the addresses of an IP packet, which transport checksums include besides the length
// and the protocol. v4: at least 20 bytes, otherwise at least 40.
[[nodiscard]] std::uint64_t checksum_addresses(const std::uint8_t* packet, bool v4);

// Whether the checksum of TCP or UDP is right, and that of the IP header where it has one.
//
// packet        a whole IP packet, without options or extensions in front of the transport header
// transport_at  20 with IPv4, 40 with IPv6
[[nodiscard]] bool checksums_hold(Bytes packet, std::size_t transport_at, std::uint8_t protocol);

}  // namespace adit::ip
