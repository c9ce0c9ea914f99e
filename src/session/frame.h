#pragma once

#include <cstdint>
#include <optional>

#include "crypto/cipher.h"
#include "crypto/digest.h"

namespace adit::session {

// Sizes around one tunnel packet. source: wire protocol 7.2, 13.2, 13.3; stock 2.6.
struct Frame {
  const crypto::Cipher* cipher = nullptr;  // nullptr: BF-CBC's numbers, as stock announces them
  std::size_t digest_bytes = 20;           // 0: none; ignored for AEAD
  bool tcp = false;
  bool outer_v6 = false;
  bool compression_byte = false;  // lzo, lz4, stub
  bool fragment = false;
  bool data_v2 = true;
  bool epoch = false;
  bool static_key = false;  // no first byte, and long packet ids
  bool relayed = false;     // by SOCKS, with a header in front of each datagram
  unsigned tun_extra = 0;   // "tun-mtu-extra": only counted, nothing is sent
};

// "link-mtu" of the options string; always counted with the short header.
[[nodiscard]] unsigned options_link_mtu(const Frame& frame, unsigned tun_mtu);
// tun-mtu that a configured link-mtu leaves: stock's figure, made before anything is negotiated.
// A frame without cipher counts as one without encryption here. It need not fit: payload_room.
[[nodiscard]] unsigned tun_mtu_for_link_mtu(const Frame& frame, unsigned link_mtu);
// Largest inside packet that fits into a datagram of this size; 0: none does.
[[nodiscard]] unsigned payload_room(const Frame& frame, unsigned datagram);

struct Mssfix {
  enum class Kind { payload, mtu, fixed } kind = Kind::mtu;
  unsigned value = 1492;  // 0: off
};
// Payload bytes, framing included, that fit into one datagram with "fragment"; at least 4.
// source: wire protocol 13.4
struct FragmentSize {
  unsigned value;
  bool mtu = false;  // value counts the outer IP and UDP headers too
};
[[nodiscard]] unsigned fragment_limit(const Frame& frame, const FragmentSize& size);

// The largest payload of a data packet whose outer IP packet has at most this size; 0: none.
[[nodiscard]] unsigned outer_room(const Frame& frame, unsigned outer);
// The outer IP packet of such a payload.
[[nodiscard]] unsigned outer_size(const Frame& frame, unsigned payload);

// Largest MSS for IPv4 inside; 0: leave alone.
[[nodiscard]] std::uint16_t mss_clamp(const Frame& frame, const Mssfix& mssfix);

}  // namespace adit::session
