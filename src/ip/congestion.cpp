#include "ip/congestion.h"

#include "ip/checksum.h"
#include "ip/header_fields.h"
#include "ip/inner_packet.h"

namespace adit::ip {

namespace {

constexpr std::size_t full_segment = 1000;  // bytes of a packet; longer than any header
constexpr std::uint8_t ecn_bits = 3, congestion_experienced = 3;

bool is_full_segment(Bytes packet) {
  if (packet.size() < full_segment) return false;
  const unsigned version = packet[0] >> 4;
  if (version == 6) return packet[6] == protocol_tcp;
  return version == 4 && (packet[0] & 15) >= 5 && packet[9] == protocol_tcp &&
         !is_fragment(packet.data());
}

// source: RFC 3168, section 5
void mark(MutableBytes packet) {
  const bool v4 = packet[0] >> 4 == 4;
  const std::uint16_t before = load_u16(packet.data());  // it has all of the TOS, or traffic class
  const auto after = static_cast<std::uint16_t>(before | congestion_experienced << (v4 ? 0 : 4));
  store_u16(packet.data(), after);
  if (v4) store_u16(&packet[10], checksum_adjust(load_u16(&packet[10]), before, after));
}

}  // namespace

Signal signal_congestion(MutableBytes packet) {
  if (!is_full_segment(packet)) return Signal::none;
  const std::uint8_t ecn = traffic_class(packet) & ecn_bits;
  if (ecn == 0) return Signal::lose;
  if (ecn != congestion_experienced) mark(packet);
  return Signal::marked;
}

}  // namespace adit::ip
