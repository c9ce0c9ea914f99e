#include "ip/inner_packet.h"

#include <algorithm>
#include <cstring>

#include "ip/checksum.h"
#include "ip/header_fields.h"

namespace adit::ip {

std::optional<InnerPacket> look(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  const unsigned version = packet[0] >> 4;
  if (version == 4) {
    const std::size_t header = (packet[0] & 15u) * 4u;
    if (header < v4_header_bytes || packet.size() < header) return std::nullopt;
    const std::size_t total = load_u16(&packet[2]);
    if (total < header || total > packet.size()) return std::nullopt;
    return InnerPacket{Address::v4(load_u32(&packet[12])), Address::v4(load_u32(&packet[16])),
                       total};
  }
  if (version == 6) {
    if (packet.size() < v6_header_bytes) return std::nullopt;
    const std::size_t total = v6_header_bytes + load_u16(&packet[4]);
    if (total > packet.size()) return std::nullopt;
    return InnerPacket{Address::v6(packet.subspan(8, 16)), Address::v6(packet.subspan(24, 16)),
                       total};
  }
  return std::nullopt;
}

std::uint8_t traffic_class(Bytes packet) {
  if (packet.size() < 2) return 0;
  const unsigned version = packet[0] >> 4;
  if (version == 4) return packet[1];
  return version == 6 ? static_cast<std::uint8_t>(load_u16(packet.data()) >> 4) : 0;
}

namespace {

void clamp_tcp(MutableBytes tcp, std::uint16_t mss) {
  if (tcp.size() < tcp_header_bytes || (tcp[13] & tcp_syn) == 0) return;
  const std::size_t header = std::size_t{tcp[12]} / 16 * 4;
  if (header > tcp.size()) return;
  for (std::size_t at = tcp_header_bytes; at < header;) {
    const std::uint8_t kind = tcp[at];
    if (kind == 0) return;
    if (kind == 1) {
      ++at;
      continue;
    }
    if (at + 1 >= header) return;
    const std::size_t length = tcp[at + 1];
    if (length < 2 || at + length > header) return;
    if (kind == 2 && length == 4) {
      const std::uint16_t offered = load_u16(&tcp[at + 2]);
      if (offered <= mss) return;
      // An option at an odd offset straddles two checksum words.
      if (at % 2 == 0) {
        store_u16(&tcp[at + 2], mss);
        store_u16(&tcp[16], checksum_adjust(load_u16(&tcp[16]), offered, mss));
      } else {
        const auto swap = [](std::uint16_t v) {
          return static_cast<std::uint16_t>(v << 8 | v >> 8);
        };
        store_u16(&tcp[at + 2], mss);
        store_u16(&tcp[16], checksum_adjust(load_u16(&tcp[16]), swap(offered), swap(mss)));
      }
      return;
    }
    at += length;
  }
}

}  // namespace

void clamp_mss(MutableBytes packet, std::uint16_t mss_v4) {
  if (mss_v4 == 0 || packet.empty()) return;
  const unsigned version = packet[0] >> 4;
  if (version == 4) {
    const std::size_t header = (packet[0] & 15u) * 4u;
    if (header < v4_header_bytes || packet.size() < header + tcp_header_bytes) return;
    const bool whole = load_u16(&packet[2]) == packet.size();
    if (packet[9] != protocol_tcp || !whole || is_later_fragment(packet.data())) return;
    clamp_tcp(packet.subspan(header), mss_v4);
  } else if (version == 6) {
    if (packet.size() < v6_header_bytes + tcp_header_bytes || packet[6] != protocol_tcp) return;
    if (v6_header_bytes + load_u16(&packet[4]) != packet.size()) return;
    if (mss_v4 > 20)
      clamp_tcp(packet.subspan(v6_header_bytes), static_cast<std::uint16_t>(mss_v4 - 20));
  }
}

}  // namespace adit::ip
