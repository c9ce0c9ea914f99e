// Packets inside the tunnel: looking at them, clamping the MSS, answering "no route", cutting and
// answering what is too big, also later; knowing answers to our own echo requests; client-nat.
//
//   u16 MSS | packet

#include "ip/inner_packet.h"

#include <algorithm>
#include <cstring>

#include "ip/address_swap.h"
#include "ip/echo.h"
#include "ip/icmpv6_error.h"
#include "ip/too_big.h"
#include "plane/large_flows.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

// Where TCP begins in a whole, unfragmented packet.
std::optional<std::size_t> tcp_offset(Bytes packet) {
  const auto inner = ip::look(packet);
  if (!inner || inner->total_length != packet.size()) return std::nullopt;
  const bool v4 = packet[0] >> 4 == 4;
  const std::size_t offset = v4 ? (packet[0] & 15u) * 4u : 40u;
  if (packet[v4 ? 9 : 6] != 6 || packet.size() < offset + 20) return std::nullopt;
  if (v4 && (load_u16(&packet[6]) & 0x1FFFu) != 0) return std::nullopt;
  return offset;
}

// The sum over pseudo header and payload by the book: 0xFFFF when the checksum in it is right.
std::uint16_t sum(Bytes packet, std::size_t offset, std::uint8_t protocol) {
  const bool v4 = packet[0] >> 4 == 4;
  Buffer covered = to_buffer(v4 ? packet.subspan(12, 8) : packet.subspan(8, 32));
  const auto length = static_cast<std::uint32_t>(packet.size() - offset);
  for (const int shift : {24, 16, 8, 0}) {
    covered.push_back(static_cast<std::uint8_t>(length >> shift));
  }
  for (const std::uint8_t byte : {std::uint8_t{0}, protocol}) covered.push_back(byte);
  covered.insert(covered.end(), packet.begin() + static_cast<long>(offset), packet.end());
  if (covered.size() % 2 != 0) covered.push_back(0);
  std::uint32_t total = 0;
  for (std::size_t i = 0; i < covered.size(); i += 2) {
    total += load_u16(&covered[i]);
    total = (total & 0xFFFF) + (total >> 16);
  }
  return static_cast<std::uint16_t>(total);
}

// The MSS that a SYN offers, read in the simplest way.
std::optional<std::uint16_t> offered_mss(Bytes tcp) {
  const std::size_t end = std::size_t{tcp[12]} / 16 * 4;
  if ((tcp[13] & 2) == 0 || end > tcp.size()) return std::nullopt;
  for (std::size_t at = 20; at < end && tcp[at] != 0;) {
    const std::size_t length = tcp[at] == 1 ? 1 : at + 1 < end ? tcp[at + 1] : 0;
    if (length == 0 || (tcp[at] != 1 && length < 2) || at + length > end) return std::nullopt;
    if (tcp[at] == 2 && length == 4) return load_u16(&tcp[at + 2]);
    at += length;
  }
  return std::nullopt;
}

void try_clamp(Bytes bytes, std::uint16_t mss) {
  Buffer packet = to_buffer(bytes);
  const auto tcp = tcp_offset(packet);
  if (tcp) {  // begin with a right checksum
    store_u16(&packet[*tcp + 16], 0);
    store_u16(&packet[*tcp + 16], static_cast<std::uint16_t>(~sum(packet, *tcp, 6)));
  }
  const Buffer before = packet;
  ip::clamp_mss(packet, mss);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < packet.size(); ++i) changed += packet[i] != before[i] ? 1 : 0;
  ADIT_ASSERT(changed <= 4);
  if (!tcp) {
    ADIT_ASSERT(changed == 0);
    return;
  }
  ADIT_ASSERT(sum(packet, *tcp, 6) == 0xFFFF);
  const int limit = mss - (packet[0] >> 4 == 6 ? 20 : 0);
  const auto offered = offered_mss(Bytes(packet).subspan(*tcp));
  ADIT_ASSERT(mss == 0 || limit <= 0 || !offered || *offered <= limit);
  ADIT_ASSERT(changed == 0 || offered == static_cast<std::uint16_t>(limit));
}

void try_answer(Bytes packet) {
  static const ip::Address from = *ip::Address::parse("fd00::1");
  Buffer room(1280);
  const std::size_t size = ip::icmpv6_error(ip::Icmpv6Error::no_route, 0, packet, from, room);
  if (size == 0) return;
  const Bytes answer = Bytes(room).first(size);
  const auto inner = ip::look(answer);
  ADIT_ASSERT(inner && inner->total_length == size && inner->source == from);
  ADIT_ASSERT(inner->destination == ip::look(packet)->source);
  ADIT_ASSERT(sum(answer, 40, 58) == 0xFFFF);
  Buffer narrow(size - 1);
  ADIT_ASSERT(ip::icmpv6_error(ip::Icmpv6Error::no_route, 0, packet, from, narrow) == 0);
  ADIT_ASSERT(ip::icmpv6_error(ip::Icmpv6Error::no_route, 0, answer, from, room) ==
              0);  // errors are never answered
}

void try_cut(Bytes packet, std::size_t mtu) {
  if (!ip::may_be_cut(packet)) return;
  const bool v4 = packet[0] >> 4 == 4;
  const std::size_t header = v4 ? (packet[0] & 15u) * 4u : 40u;
  const std::size_t headers = v4 ? header : header + 8;  // of a piece
  const std::size_t body = v4 ? load_u16(&packet[2]) - header : load_u16(&packet[4]);
  Buffer room(mtu);
  std::size_t seen = 0;
  for (std::size_t number = 0;; ++number) {
    const std::size_t size = ip::cut(packet, mtu, number, room);
    if (size == 0) break;
    ADIT_ASSERT(size <= mtu && size > headers);
    const auto piece = ip::look(Bytes(room).first(size));
    ADIT_ASSERT(piece && piece->total_length == size);
    ADIT_ASSERT(same(Bytes(room).subspan(headers, size - headers),
                     packet.subspan(header + seen, size - headers)));
    seen += size - headers;
  }
  // All of it, or nothing for want of room, or as far as offsets reach.
  const bool reaches_far = v4 && (load_u16(&packet[6]) & 0x1FFFu) * 8u + body > 65535;
  ADIT_ASSERT(seen == body || mtu < headers + 8 || reaches_far);
}

// A flow's latest packet, remembered and answered later.
void try_flow(Bytes packet, std::size_t mtu) {
  plane::LargeFlows flows;
  flows.note(7, packet);
  std::size_t count = 0;
  flows.for_each(7, 0, [&](const plane::LargeFlow& flow) {
    ++count;
    Buffer room(plane::LargeFlows::most_encoded);
    const std::size_t size = flow.encode(room);
    const Buffer again = plane::LargeFlow::rebuild(Bytes(room).first(size), 900);
    ADIT_ASSERT(again.size() == std::min<std::size_t>(packet.size(), 65535));
    const auto inner = ip::look(again);
    ADIT_ASSERT(inner && inner->source == ip::look(packet)->source);
    Buffer answer(1280);
    static_cast<void>(ip::too_big_answer(again, mtu, answer));
  });
  ADIT_ASSERT(count <= 1);
}

void try_echo(Bytes packet, std::uint64_t mark) {
  const auto sequence = ip::answer_to(mark, packet);
  ADIT_ASSERT(!sequence || packet.size() >= 36);
}

// Checksums that were right are right under other addresses.
void try_swap(Bytes packet, std::uint16_t mask_bits) {
  const bool v4 = packet[0] >> 4 == 4;
  const std::uint32_t mask = 0xFFFFFFFFu << (mask_bits % 32);
  const std::uint32_t network = (v4 ? load_u32(&packet[12]) : 0) & mask;
  const ip::AddressSwap swaps[] = {{false, network, mask, ~network & mask}, {true, 0, 0, 0}};
  Buffer changed = to_buffer(packet);
  ip::swap_addresses(changed, swaps, mask_bits % 2 == 0 ? ip::Way::out : ip::Way::in);
  ADIT_ASSERT(ip::look(changed) && changed.size() == packet.size());
  ADIT_ASSERT(v4 || changed == to_buffer(packet));
  const auto offset = tcp_offset(packet);
  if (!v4 || !offset || sum(packet, *offset, 6) != 0xFFFF) return;
  ADIT_ASSERT(sum(changed, *offset, 6) == 0xFFFF);
}

void try_too_big(Bytes packet, std::size_t mtu) {
  Buffer room(1280);
  const std::size_t size = ip::too_big_answer(packet, mtu, room);
  if (size == 0) return;
  const Bytes answer = Bytes(room).first(size);
  const auto inner = ip::look(answer);
  ADIT_ASSERT(inner && inner->total_length == size);
  ADIT_ASSERT(inner->destination == ip::look(packet)->source);
  ADIT_ASSERT(ip::too_big_answer(answer, mtu, room) == 0);  // errors are never answered
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::uint16_t mss = input.u16();
  const Bytes packet = input.rest();
  const auto inner = ip::look(packet);
  ADIT_ASSERT(!inner || (inner->total_length >= 20 && inner->total_length <= packet.size()));
  try_clamp(packet, mss);
  try_answer(packet);
  if (!inner) return;
  try_cut(packet, mss % 1600);
  try_too_big(packet, mss);
  try_flow(packet, mss);
  try_echo(packet, mss);
  try_swap(packet, mss);
}

}  // namespace adit::fuzz
