#include "ip/echo.h"

#include "base/assert.h"
#include "base/noise.h"
#include "ip/checksum.h"
#include "ip/header_fields.h"
#include "ip/inner_packet.h"

namespace adit::ip {

namespace {

constexpr std::size_t message_bytes = 8 + 8;  // header and mark
static_assert(least_echo_bytes == v6_header_bytes + message_bytes);
constexpr std::uint8_t hop_limit = 64;
constexpr std::uint8_t request_v4 = 8, reply_v4 = 0, request_v6 = 128, reply_v6 = 129;

std::uint16_t identifier_of(std::uint64_t mark) { return static_cast<std::uint16_t>(mark >> 16); }

void write_v4_header(Writer& writer, const Echo& echo, std::size_t bytes) {
  writer.u16(0x4500);
  writer.u16(static_cast<std::uint16_t>(bytes));
  writer.u16(0);
  writer.u16(dont_fragment);
  writer.u8(hop_limit);
  writer.u8(protocol_icmp);
  writer.u16(0);
  writer.put(echo.from.bytes());
  writer.put(echo.to.bytes());
}

void write_v6_header(Writer& writer, const Echo& echo, std::size_t bytes) {
  writer.u32(0x60000000);
  writer.u16(static_cast<std::uint16_t>(bytes - v6_header_bytes));
  writer.u8(protocol_icmpv6);
  writer.u8(hop_limit);
  writer.put(echo.from.bytes());
  writer.put(echo.to.bytes());
}

// Where the message begins, if it is an echo reply that was not fragmented; 0: it is not.
std::size_t reply_in(Bytes packet) {
  if (packet[0] >> 4 == 4) {
    const std::size_t header = (packet[0] & 15u) * 4u;
    const bool is_reply = packet[9] == protocol_icmp && !is_fragment(packet.data()) &&
                          packet.size() >= header + message_bytes && packet[header] == reply_v4;
    return is_reply ? header : 0;
  }
  const bool is_reply = packet.size() >= v6_header_bytes + message_bytes &&
                        packet[6] == protocol_icmpv6 && packet[v6_header_bytes] == reply_v6;
  return is_reply ? v6_header_bytes : 0;
}

}  // namespace

Buffer echo_request(const Echo& echo, std::size_t bytes) {
  const bool v6 = echo.from.is_v6();
  const std::size_t header = v6 ? v6_header_bytes : v4_header_bytes;
  ADIT_ASSERT(bytes >= least_echo_bytes);
  Buffer packet(bytes);
  Writer writer(packet);
  v6 ? write_v6_header(writer, echo, bytes) : write_v4_header(writer, echo, bytes);
  writer.u16(static_cast<std::uint16_t>((v6 ? request_v6 : request_v4) << 8));
  writer.u16(0);
  writer.u16(identifier_of(echo.mark));
  writer.u16(echo.sequence);
  writer.u64(echo.mark);
  const MutableBytes whole(packet);
  fill_with_noise(whole.subspan(header + message_bytes), echo.mark + echo.sequence);
  const std::uint64_t pseudo =
      v6 ? checksum_add(bytes - header + protocol_icmpv6, whole.subspan(8, 32)) : 0;
  store_u16(&packet[header + 2], checksum_fold(checksum_add(pseudo, whole.subspan(header))));
  if (!v6) store_u16(&packet[10], checksum_fold(checksum_add(0, whole.first(v4_header_bytes))));
  return packet;
}

std::optional<std::uint16_t> answer_to(std::uint64_t mark, Bytes packet) {
  const std::size_t header = reply_in(packet);
  if (header == 0) return std::nullopt;
  Reader reader(packet.subspan(header + 4));
  const std::uint16_t identifier = reader.u16();
  const std::uint16_t sequence = reader.u16();
  if (identifier != identifier_of(mark) || reader.u64() != mark) return std::nullopt;
  return sequence;
}

}  // namespace adit::ip
