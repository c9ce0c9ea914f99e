#include "plane/inside_rules.h"

#include "ip/header_fields.h"

namespace adit::plane {

bool carries_tunnel(const InsideRules::Outer& outer, Bytes packet, const ip::Address& destination) {
  if (destination != outer.at.address) return false;
  const bool v4 = destination.is_v4();
  if (packet[v4 ? 9 : 6] != (outer.tcp ? ip::protocol_tcp : ip::protocol_udp)) return false;
  if (outer.at.port == 0) return true;
  // Without its first fragment nothing becomes of the others.
  if (v4 && ip::is_later_fragment(packet.data())) return true;
  const std::size_t ports = v4 ? (packet[0] & 15u) * 4u : ip::v6_header_bytes;
  return packet.size() >= ports + 4 && load_u16(&packet[ports + 2]) == outer.at.port;
}

}  // namespace adit::plane
