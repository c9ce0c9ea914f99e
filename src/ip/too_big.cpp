#include "ip/too_big.h"

#include <algorithm>
#include <optional>

#include "ip/checksum.h"
#include "ip/header_fields.h"
#include "ip/icmpv6_error.h"
#include "ip/inner_packet.h"

namespace adit::ip {

namespace {

constexpr std::size_t fragment_unit = 8;
constexpr std::size_t least_v6_mtu = 1280;
constexpr std::uint8_t time_to_live = 64;

std::size_t header_of(Bytes packet) { return (packet[0] & 15u) * 4u; }

// Later fragments carry only options that ask for it.
void blank_options(MutableBytes header) {
  constexpr std::uint8_t end = 0, no_operation = 1, copied = 0x80;
  for (std::size_t at = v4_header_bytes; at < header.size();) {
    if (header[at] == end) return;
    if (header[at] == no_operation) {
      ++at;
      continue;
    }
    const std::size_t length = at + 1 < header.size() ? header[at + 1] : 0;
    if (length < 2 || at + length > header.size()) return;
    if ((header[at] & copied) == 0) std::ranges::fill(header.subspan(at, length), no_operation);
    at += length;
  }
}

void seal_v4_header(MutableBytes header) {
  store_u16(&header[10], 0);
  store_u16(&header[10], checksum_fold(checksum_add(0, header)));
}

bool is_icmp_error_v4(Bytes packet) {
  constexpr std::uint8_t echo_reply = 0, echo = 8;
  const std::size_t header = header_of(packet);
  if (packet[9] != protocol_icmp || packet.size() <= header) return false;
  return packet[header] != echo_reply && packet[header] != echo;
}

std::size_t answer_v4(Bytes packet, std::size_t mtu, MutableBytes room) {
  constexpr std::size_t largest_v4_answer = 576;
  if (is_later_fragment(packet.data()) || is_icmp_error_v4(packet)) return 0;
  const std::size_t quoted =
      std::min(packet.size(), largest_v4_answer - v4_header_bytes - icmp_header_bytes);
  Writer writer(room);
  writer.u16(0x45C0);  // internetwork control
  writer.u16(static_cast<std::uint16_t>(v4_header_bytes + icmp_header_bytes + quoted));
  writer.u32(0);
  writer.u8(time_to_live);
  writer.u8(protocol_icmp);
  writer.u16(0);
  writer.put(packet.subspan(16, 4));
  writer.put(packet.subspan(12, 4));
  writer.u32(0x03040000);  // type 3 destination unreachable, code 4 fragmentation needed
  writer.u16(0);
  writer.u16(static_cast<std::uint16_t>(mtu));
  writer.put(packet.first(quoted));
  if (!writer.ok()) return 0;
  const MutableBytes answer = writer.written();
  seal_v4_header(answer.first(v4_header_bytes));
  const MutableBytes icmp = answer.subspan(v4_header_bytes);
  store_u16(&icmp[2], checksum_fold(checksum_add(0, icmp)));
  return answer.size();
}

bool has_extensions(Bytes v6) {
  constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, options = 60;
  return v6[6] == hop_by_hop || v6[6] == routing || v6[6] == fragment || v6[6] == options;
}

// Which part of a body becomes the number-th fragment, where so many bytes fit.
struct Part {
  std::size_t begin = 0, length = 0;
  bool last = true;
};
std::optional<Part> part_of(std::size_t body, std::size_t most, std::size_t number) {
  const std::size_t whole_units = most / fragment_unit * fragment_unit;
  const std::size_t begin = number * whole_units;
  if (whole_units == 0 || begin >= body) return std::nullopt;
  const std::size_t length = std::min(whole_units, body - begin);
  return Part{begin, length, begin + length == body};
}

std::size_t cut_v4(Bytes packet, std::size_t mtu, std::size_t number, MutableBytes room) {
  const std::size_t header = header_of(packet);
  const Bytes body = packet.subspan(header, load_u16(&packet[2]) - header);
  const auto part = mtu > header ? part_of(body.size(), mtu - header, number) : std::nullopt;
  if (!part) return 0;
  const std::uint16_t flags = load_u16(&packet[6]);
  const std::size_t offset = (flags & fragment_offset) + part->begin / fragment_unit;
  if (offset > fragment_offset) return 0;
  Writer writer(room);
  writer.put(packet.first(header));
  writer.put(body.subspan(part->begin, part->length));
  if (!writer.ok()) return 0;
  const MutableBytes head = room.first(header);
  if (number > 0) blank_options(head);
  const std::size_t more = part->last ? flags & more_fragments : more_fragments;
  store_u16(&head[2], static_cast<std::uint16_t>(header + part->length));
  store_u16(&head[6], static_cast<std::uint16_t>(more | offset));
  seal_v4_header(head);
  return header + part->length;
}

// The pieces of one packet have it in common, those of others hardly (FNV-1a over what differs).
std::uint32_t identification_of(Bytes packet) {
  constexpr std::size_t telling = 80;  // addresses, ports, sequence numbers, time stamps
  std::uint32_t sum = 2166136261u;
  for (const std::uint8_t byte : packet.first(std::min(packet.size(), telling))) {
    sum = (sum ^ byte) * 16777619u;
  }
  return sum;
}

std::size_t cut_v6(Bytes packet, std::size_t mtu, std::size_t number, MutableBytes room) {
  constexpr std::uint8_t fragment_header = 44;
  constexpr std::size_t headers = v6_header_bytes + 8;
  const Bytes body = packet.subspan(v6_header_bytes, load_u16(&packet[4]));
  const auto part = mtu > headers ? part_of(body.size(), mtu - headers, number) : std::nullopt;
  if (!part) return 0;
  Writer writer(room);
  writer.put(packet.first(4));
  writer.u16(static_cast<std::uint16_t>(part->length + 8));
  writer.u8(fragment_header);
  writer.put(packet.subspan(7, v6_header_bytes - 7));
  writer.u8(packet[6]);
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(part->begin | (part->last ? 0u : 1u)));
  writer.u32(identification_of(packet));
  writer.put(body.subspan(part->begin, part->length));
  return writer.ok() ? writer.size() : 0;
}

}  // namespace

bool may_be_cut(Bytes packet) {
  if (packet.size() < v4_header_bytes) return false;
  if (packet[0] >> 4 == 4) return (load_u16(&packet[6]) & dont_fragment) == 0;
  return packet.size() >= v6_header_bytes && packet.size() <= least_v6_mtu &&
         !has_extensions(packet);
}

std::size_t cut(Bytes packet, std::size_t mtu, std::size_t number, MutableBytes room) {
  return packet[0] >> 4 == 4 ? cut_v4(packet, mtu, number, room)
                             : cut_v6(packet, mtu, number, room);
}

std::size_t too_big_answer(Bytes packet, std::size_t mtu, MutableBytes room) {
  const auto inner = look(packet);
  if (!inner || inner->source.is_multicast() || inner->source.is_unspecified() ||
      inner->destination.is_multicast()) {
    return 0;
  }
  if (packet[0] >> 4 == 4) return answer_v4(packet, mtu, room);
  return icmpv6_error(Icmpv6Error::packet_too_big,
                      static_cast<std::uint32_t>(std::max(mtu, least_v6_mtu)), packet,
                      inner->destination, room);
}

}  // namespace adit::ip
