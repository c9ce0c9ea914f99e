#include "session/frame.h"

namespace adit::session {

namespace {

constexpr unsigned aead_tag = 16;
constexpr unsigned aead_iv = 12;
constexpr unsigned ip4_header = 20, ip6_header = 40, udp_header = 8, tcp_header = 20;
constexpr unsigned fragment_header = 4, socks_header = 10;
constexpr unsigned inner_headers = 40;  // IPv4 and TCP inside

constexpr unsigned opcode = 1, packet_id = 4, long_packet_id = 8, tcp_length = 2;

// IV, block and digest as the options string counts them.
unsigned crypto_overhead(const Frame& frame) {
  const auto digest = static_cast<unsigned>(frame.digest_bytes);
  if (frame.cipher == nullptr) return 8 + 8 + digest;
  if (frame.cipher->is_aead()) {
    return aead_tag + aead_iv + static_cast<unsigned>(frame.cipher->block_bytes);
  }
  if (frame.cipher->mode == crypto::CipherMode::none) return digest;
  return static_cast<unsigned>(frame.cipher->iv_bytes + frame.cipher->block_bytes) + digest;
}

unsigned options_overhead(const Frame& frame) {
  const unsigned first = frame.static_key ? 0 : opcode;
  const unsigned id = frame.static_key ? long_packet_id : packet_id;
  return first + id + (frame.tcp ? tcp_length : 0) + (frame.compression_byte ? 1 : 0) +
         (frame.fragment ? fragment_header : 0) + frame.tun_extra + crypto_overhead(frame);
}

bool is_cbc(const Frame& frame) {
  return frame.cipher == nullptr || frame.cipher->mode == crypto::CipherMode::cbc;
}

// Everything in front of the ciphertext of one packet on the wire.
unsigned header_bytes(const Frame& frame, bool with_outer) {
  const unsigned first = frame.static_key ? 0u : frame.data_v2 ? 4u : opcode;
  unsigned bytes = first + (frame.tcp ? tcp_length : 0u) + (frame.relayed ? socks_header : 0u);
  if (frame.cipher != nullptr && frame.cipher->is_aead()) {
    bytes += aead_tag + (frame.epoch ? 8u : 4u);
  } else {
    bytes += static_cast<unsigned>(frame.digest_bytes);
    if (is_cbc(frame)) {
      bytes += frame.cipher == nullptr ? 8u : static_cast<unsigned>(frame.cipher->iv_bytes);
    }
  }
  if (with_outer) {
    bytes += (frame.outer_v6 ? ip6_header : ip4_header) + (frame.tcp ? tcp_header : udp_header);
  }
  return bytes;
}

unsigned block_bytes(const Frame& frame) {
  return frame.cipher == nullptr ? 8u : static_cast<unsigned>(frame.cipher->block_bytes);
}

// The packet id that is encrypted with the payload.
unsigned id_inside(const Frame& frame) {
  if (frame.static_key) return long_packet_id;
  return frame.cipher == nullptr || !frame.cipher->is_aead() ? 4u : 0u;
}

// What a packet of this size on the wire may hold before encryption; 0: nothing.
unsigned plaintext_room(const Frame& frame, unsigned size, bool with_outer) {
  const unsigned headers = header_bytes(frame, with_outer);
  if (size <= headers) return 0;
  unsigned room = size - headers;
  if (!is_cbc(frame)) return room;
  room = room / block_bytes(frame) * block_bytes(frame);
  return room == 0 ? 0 : room - 1;  // at least one byte of padding
}

unsigned payload_overhead(const Frame& frame) {
  return (frame.compression_byte ? 1u : 0u) + (frame.fragment ? fragment_header : 0u) +
         frame.tun_extra + id_inside(frame);
}

unsigned room_in(const Frame& frame, unsigned size, bool with_outer) {
  const unsigned plain = plaintext_room(frame, size, with_outer);
  const unsigned taken = payload_overhead(frame);
  return plain > taken ? plain - taken : 0;
}

}  // namespace

unsigned options_link_mtu(const Frame& frame, unsigned tun_mtu) {
  return tun_mtu + options_overhead(frame);
}

unsigned tun_mtu_for_link_mtu(const Frame& frame, unsigned link_mtu) {
  const bool plain = frame.cipher == nullptr || frame.cipher->mode == crypto::CipherMode::none;
  const unsigned crypto =
      plain ? static_cast<unsigned>(frame.digest_bytes) : crypto_overhead(frame);
  const bool id_outside = plain || frame.cipher->is_aead();  // with CBC it counts as payload
  const unsigned overhead =
      opcode + (frame.tcp ? tcp_length : 0) + (id_outside ? packet_id : 0) + crypto;
  return link_mtu > overhead ? link_mtu - overhead : 0;
}

unsigned payload_room(const Frame& frame, unsigned datagram) {
  return room_in(frame, datagram, false);
}

unsigned fragment_limit(const Frame& frame, const FragmentSize& size) {
  constexpr unsigned least = 4;
  const unsigned plain = plaintext_room(frame, size.value, size.mtu);
  const unsigned taken = fragment_header + id_inside(frame);
  return plain > taken + least ? plain - taken : least;
}

unsigned outer_room(const Frame& frame, unsigned outer) { return room_in(frame, outer, true); }

unsigned outer_size(const Frame& frame, unsigned payload) {
  unsigned plain = payload + payload_overhead(frame);
  if (is_cbc(frame)) plain = (plain / block_bytes(frame) + 1) * block_bytes(frame);
  return plain + header_bytes(frame, true);
}

std::uint16_t mss_clamp(const Frame& frame, const Mssfix& mssfix) {
  if (mssfix.value == 0) return 0;
  unsigned room = mssfix.value;
  if (mssfix.kind != Mssfix::Kind::fixed) {
    room = plaintext_room(frame, room, mssfix.kind == Mssfix::Kind::mtu);
    const unsigned inside = payload_overhead(frame);
    if (room <= inside) return 0;
    room -= inside;
  }
  return room > inner_headers ? static_cast<std::uint16_t>(room - inner_headers) : std::uint16_t{0};
}

}  // namespace adit::session
