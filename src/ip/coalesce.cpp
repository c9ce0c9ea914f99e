// Which packets of a batch the kernel may take as one.
//
//   take      shape_of: what the headers say
//             an open run of the same flow? the packet joins it, or closes it
//             otherwise a run begins with it
//   run       the first packet with headers for the whole, then the payloads of the others
//
// source: the conditions under which Linux (net/ipv4/tcp_offload.c, udp_offload.c, af_inet.c and
// their IPv6 kin) merges received packets; a merged packet promises that all checksums were right,
// so they are looked at first: otherwise a broken packet would be mended.

#include "ip/coalesce.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "ip/checksum.h"
#include "ip/ethernet.h"
#include "ip/header_fields.h"

namespace adit::ip {

namespace {

constexpr std::size_t most_bytes = 0xFFFF, most_datagrams = 64;
constexpr std::size_t most_link = ethernet_header_bytes + 2 * vlan_tag_bytes;

bool equal(const std::uint8_t* a, const std::uint8_t* b, std::size_t from, std::size_t count) {
  return std::memcmp(a + from, b + from, count) == 0;
}

}  // namespace

Coalescer::Coalescer(Kinds kinds, std::span<Packet* const> packets)
    : kinds_(kinds), packets_(packets) {
  ADIT_ASSERT(packets.size() <= most_packets);
  for (std::size_t i = 0; i < packets.size(); ++i) take(static_cast<Index>(i));
}

void Coalescer::take(Index packet) {
  const Bytes bytes = packets_[packet]->bytes();
  const Shape shape = kinds_.ethernet ? shape_of_frame(bytes, kinds_) : shape_of(bytes, kinds_);
  shapes_[packet] = shape;
  for (std::size_t slot = 0; slot < open_count_;) {
    Run& run = runs_[open_[slot]];
    if (!same_flow(run.first, shape)) {
      ++slot;
      continue;
    }
    if (!joins(run, shape)) {
      close(slot);
      continue;
    }
    append(run, packet, shape);
    if (last_of_run(run, shape)) return close(slot);
    return to_front(slot);
  }
  begin_run(packet, shape);
}

void Coalescer::begin_run(Index packet, const Shape& shape) {
  const auto number = static_cast<Index>(run_count_++);
  Run& run = runs_[number];
  run = {shape, packet, packet, 1, Checked::not_yet, false, 0, shape.size};
  if (!shape.may_join() || last_of_run(run, shape)) return;
  if (shape.protocol == protocol_tcp) {
    run.next_sequence =
        load_u32(shape.at + shape.transport_at + 4) + static_cast<std::uint32_t>(shape.payload());
  }
  // The one that has waited longest makes room.
  if (open_count_ < most_open) ++open_count_;
  open_[open_count_ - 1] = number;
  to_front(open_count_ - 1);
}

void Coalescer::append(Run& run, Index packet, const Shape& shape) {
  if (run.packets == 1 && run.first.v4()) run.same_id = equal(run.first.at, shape.at, 4, 2);
  next_[run.last_packet] = packet;
  run.last_packet = packet;
  ++run.packets;
  run.size += static_cast<std::uint32_t>(shape.payload());
  run.next_sequence += static_cast<std::uint32_t>(shape.payload());
}

void Coalescer::to_front(std::size_t slot) {
  const auto here = open_.begin() + static_cast<std::ptrdiff_t>(slot);
  std::rotate(open_.begin(), here, here + 1);
}

void Coalescer::close(std::size_t slot) {
  const auto here = open_.begin() + static_cast<std::ptrdiff_t>(slot);
  std::copy(here + 1, open_.begin() + static_cast<std::ptrdiff_t>(open_count_), here);
  --open_count_;
}

// Nothing goes behind a shorter packet, or behind one that asks to be delivered at once.
bool Coalescer::last_of_run(const Run& run, const Shape& shape) {
  const bool pushed =
      shape.protocol == protocol_tcp && (shape.at[shape.transport_at + 13] & tcp_psh) != 0;
  return pushed || shape.payload() < run.first.payload();
}

bool Coalescer::joins(Run& run, const Shape& shape) {
  if (!shape.may_join() || shape.payload() > run.first.payload()) return false;
  if (run.size + shape.payload() > most_bytes) return false;
  if (shape.protocol == protocol_udp && run.packets == most_datagrams) return false;
  if (!same_headers(run, shape)) return false;
  if (run.checked == Checked::not_yet) {
    run.checked = is_right(run.first) ? Checked::good : Checked::bad;
  }
  return run.checked == Checked::good && is_right(shape);
}

bool Coalescer::same_flow(const Shape& a, const Shape& b) {
  if (a.transport_at != b.transport_at) return false;
  if (a.link != b.link || !equal(a.at - a.link, b.at - b.link, 0, a.link)) return false;
  const bool same_addresses = a.v4() ? equal(a.at, b.at, 12, 8) : equal(a.at, b.at, 8, 32);
  if (!same_addresses) return false;
  if (b.protocol == 0) return true;
  return a.protocol == b.protocol && equal(a.at, b.at, a.transport_at, 4);
}

bool Coalescer::same_headers(const Run& run, const Shape& shape) {
  const std::uint8_t* a = run.first.at;
  const std::uint8_t* b = shape.at;
  if (shape.v4()) {  // type of service, fragmentation, time to live
    if (a[1] != b[1] || !equal(a, b, 6, 2) || a[8] != b[8] || !continues_ids(run, shape)) {
      return false;
    }
  } else if (!equal(a, b, 0, 4) || a[7] != b[7]) {  // traffic class, flow label, hop limit
    return false;
  }
  if (shape.protocol == protocol_udp) return true;
  const std::size_t tcp = shape.transport_at;
  return run.first.payload_at == shape.payload_at && run.next_sequence == load_u32(b + tcp + 4) &&
         equal(a, b, tcp + 8, 5) &&                           // acknowledgement, header length
         equal(a, b, tcp + 14, 2) &&                          // window
         equal(a, b, tcp + 18, shape.payload_at - tcp - 18);  // urgent pointer, options
}

// IPv4 identifications count up, or stay as they are where they have no meaning.
bool Coalescer::continues_ids(const Run& run, const Shape& shape) {
  const std::uint16_t first = load_u16(run.first.at + 4), here = load_u16(shape.at + 4);
  const bool counts_up = here == low(first + run.packets);
  const bool stays = here == first && (load_u16(shape.at + 6) & dont_fragment) != 0;
  if (run.packets == 1) return counts_up || stays;
  return run.same_id ? stays : counts_up;
}

bool Coalescer::is_right(const Shape& shape) {
  return checksums_hold({shape.at, shape.size}, shape.transport_at, shape.protocol);
}

Coalescer::Shape Coalescer::shape_of(Bytes packet, Kinds kinds) {
  Shape shape{packet.data(), 0, 0, 0, 0, 0};
  if (packet.empty() || packet.size() > most_bytes) return shape;
  shape.size = low(packet.size());
  if (packet[0] >> 4 == 4) {
    shape_v4(packet, kinds, shape);
  } else if (packet[0] >> 4 == 6) {
    shape_v6(packet, kinds, shape);
  }
  return shape;
}

// What is not IP belongs to no flow.
Coalescer::Shape Coalescer::shape_of_frame(Bytes frame, Kinds kinds) {
  const auto link = ip_begins_at(frame);
  if (!link || *link > most_link) return {frame.data(), 0, 0, 0, 0, 0};
  Shape shape = shape_of(frame.subspan(*link), kinds);
  shape.link = static_cast<std::uint8_t>(*link);
  return shape;
}

// Fragments and options may belong to any flow between their addresses.
void Coalescer::shape_v4(Bytes packet, Kinds kinds, Shape& shape) {
  if (packet.size() < v4_header_bytes) return;
  const std::uint8_t protocol = packet[9];
  const bool fragment = (load_u16(&packet[6]) & ~dont_fragment) != 0;
  const bool of_ours = protocol == protocol_tcp || protocol == protocol_udp;
  if (!of_ours && !fragment) return;
  shape.transport_at = v4_header_bytes;
  if (!of_ours || fragment || packet[0] != 0x45 || load_u16(&packet[2]) != packet.size()) return;
  shape.protocol = protocol;
  shape_transport(packet, kinds, shape);
}

void Coalescer::shape_v6(Bytes packet, Kinds kinds, Shape& shape) {
  if (packet.size() < v6_header_bytes || packet[6] == protocol_icmpv6) return;
  shape.transport_at = v6_header_bytes;
  const std::uint8_t protocol = packet[6];
  if (protocol != protocol_tcp && protocol != protocol_udp) return;
  if (v6_header_bytes + load_u16(&packet[4]) != packet.size()) return;
  shape.protocol = protocol;
  shape_transport(packet, kinds, shape);
}

void Coalescer::shape_transport(Bytes packet, Kinds kinds, Shape& shape) {
  const Bytes segment = packet.subspan(shape.transport_at);
  if (segment.size() < 4) {
    shape.protocol = 0;
  } else if (shape.protocol == protocol_tcp) {
    if (!kinds.tcp || segment.size() <= tcp_header_bytes) return;
    const std::size_t length = std::size_t{segment[12]} / 16 * 4;
    const bool plain = segment[13] == tcp_ack || segment[13] == (tcp_ack | tcp_psh);
    if (!plain || length < tcp_header_bytes || length >= segment.size()) return;
    shape.payload_at = low(shape.transport_at + length);
  } else {
    if (!kinds.udp || segment.size() <= udp_header_bytes) return;
    if (load_u16(&segment[4]) != segment.size() || load_u16(&segment[udp_checksum_at]) == 0) return;
    shape.payload_at = low(shape.transport_at + udp_header_bytes);
  }
}

Coalescer::Joined Coalescer::run(std::size_t number) {
  ADIT_ASSERT(number < run_count_);
  const Run& run = runs_[number];
  const Bytes whole = packets_[run.first_packet]->bytes();
  pieces_[0] = {whole.data(), whole.size()};
  if (run.packets == 1) return {{}, {pieces_.data(), 1}, 1};
  Index packet = run.first_packet;
  for (std::size_t i = 1; i < run.packets; ++i) {
    packet = next_[packet];
    const Shape& shape = shapes_[packet];
    pieces_[i] = {shape.at + shape.payload_at, shape.payload()};
  }
  rewrite_headers(run);
  const bool udp = run.first.protocol == protocol_udp;
  VnetHeader header;
  header.flags = VnetHeader::needs_checksum;
  header.gso_type = udp              ? VnetHeader::udp
                    : run.first.v4() ? VnetHeader::tcp_v4
                                     : VnetHeader::tcp_v6;
  header.hdr_len = low(run.first.link + std::size_t{run.first.payload_at});
  header.gso_size = low(run.first.payload());
  header.csum_start = low(run.first.link + std::size_t{run.first.transport_at});
  header.csum_offset = low(udp ? udp_checksum_at : tcp_checksum_at);
  return {header, {pieces_.data(), run.packets}, run.packets};
}

void Coalescer::rewrite_headers(const Run& run) {
  std::uint8_t* ip = packets_[run.first_packet]->data() + run.first.link;
  std::uint8_t* transport = ip + run.first.transport_at;
  const std::size_t length = run.size - run.first.transport_at;
  if (run.first.v4()) {
    store_u16(ip + 2, low(run.size));
    store_u16(ip + 10, 0);
    store_u16(ip + 10, checksum_fold(checksum_add(0, {ip, v4_header_bytes})));
  } else {
    store_u16(ip + 4, low(length));
  }
  const std::uint64_t pseudo_header =
      checksum_addresses(ip, run.first.v4()) + run.first.protocol + length;
  const std::uint16_t partial = low(~std::size_t{checksum_fold(pseudo_header)});
  if (run.first.protocol == protocol_udp) {
    store_u16(transport + 4, low(length));
    store_u16(transport + udp_checksum_at, partial);
    return;
  }
  const Shape& last = shapes_[run.last_packet];
  transport[13] |= static_cast<std::uint8_t>(last.at[last.transport_at + 13] & tcp_psh);
  store_u16(transport + tcp_checksum_at, partial);
}

}  // namespace adit::ip
