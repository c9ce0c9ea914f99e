#include "ip/icmpv6_error.h"

#include <algorithm>

#include "ip/checksum.h"
#include "ip/header_fields.h"
#include "ip/inner_packet.h"

namespace adit::ip {

namespace {

constexpr std::size_t largest_v6_answer = 1280;
constexpr std::uint8_t first_informational = 128, longest_way = 255;

bool is_error(Bytes packet) {
  return packet[6] == protocol_icmpv6 && packet.size() > v6_header_bytes &&
         packet[v6_header_bytes] < first_informational;
}

}  // namespace

std::size_t icmpv6_error(Icmpv6Error error, std::uint32_t parameter, Bytes packet,
                         const Address& from, MutableBytes room) {
  const auto inner = look(packet);
  if (!inner || !inner->source.is_v6() || !from.is_v6()) return 0;
  if (inner->source.is_multicast() || inner->source.is_unspecified() || is_error(packet)) return 0;
  const std::size_t quoted =
      std::min(packet.size(), largest_v6_answer - v6_header_bytes - icmp_header_bytes);
  const std::size_t payload = icmp_header_bytes + quoted;
  Writer writer(room);
  writer.u32(0x60000000);
  writer.u16(static_cast<std::uint16_t>(payload));
  writer.u8(protocol_icmpv6);
  writer.u8(longest_way);
  writer.put(from.bytes());
  writer.put(inner->source.bytes());
  writer.u32(static_cast<std::uint32_t>(error));
  writer.u32(parameter);
  writer.put(packet.first(quoted));
  if (!writer.ok()) return 0;
  const MutableBytes answer = writer.written();
  // Addresses, length and protocol are summed with the message.
  const std::uint64_t sum = checksum_add(payload + protocol_icmpv6, answer.subspan(8));
  store_u16(&answer[v6_header_bytes + 2], checksum_fold(sum));
  return answer.size();
}

}  // namespace adit::ip
