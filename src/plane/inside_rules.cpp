#include "plane/inside_rules.h"

namespace adit::plane {

bool carries_tunnel(const InsideRules::Outer& outer, Bytes packet, const ip::Address& destination) {
  constexpr std::uint8_t protocol_tcp = 6, protocol_udp = 17;
  constexpr std::size_t v6_header_bytes = 40;
  if (destination != outer.at.address) return false;
  const bool v4 = destination.is_v4();
  if (packet[v4 ? 9 : 6] != (outer.tcp ? protocol_tcp : protocol_udp)) return false;
  if (outer.at.port == 0) return true;
  // Without its first fragment nothing becomes of the others.
  if (v4 && (load_u16(&packet[6]) & 0x1FFFu) != 0) return true;
  const std::size_t ports = v4 ? (packet[0] & 15u) * 4u : v6_header_bytes;
  return packet.size() >= ports + 4 && load_u16(&packet[ports + 2]) == outer.at.port;
}

}  // namespace adit::plane
