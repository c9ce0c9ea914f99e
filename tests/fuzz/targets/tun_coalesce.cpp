// A batch of packets for the tun device: each run, split again, is exactly its packets; every
// packet is in one run; packets between the same two addresses keep their order.
//
// A byte chooses what comes next: bytes as they are, or the next packet of one of four flows with
// some of its fields changed. The first byte also says whether they are Ethernet frames.
//
//   choice | piece, or flow, size, changes

#include <algorithm>
#include <cstring>

#include "ip/coalesce.h"
#include "ip/ethernet.h"
#include "ip/segment.h"
#include "tests/fuzz/input.h"
#include "tests/unit/ip/packets.h"

namespace adit::fuzz {

namespace {

namespace made = ip::made;

Buffer next_of(made::Fields& flow, Input& input) {
  flow.payload.assign(input.u8() % 64 * 8, 0x5A);
  Buffer packet = made::packet(flow);
  if (input.flag()) {
    made::Fields odd = flow;
    odd.flags ^= input.u8();
    odd.tos = input.below(4) == 0 ? 3 : 0;
    odd.ttl = static_cast<std::uint8_t>(64 - input.below(2));
    odd.acknowledged += input.u8() % 2;
    packet = made::packet(odd);
    damage(packet, input);
  }
  flow.sequence += static_cast<std::uint32_t>(flow.payload.size());
  ++flow.id;
  return packet;
}

Buffer framed(const Buffer& packet) {
  Buffer frame{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00};
  if (!packet.empty() && packet[0] >> 4 == 6) store_u16(&frame[12], 0x86DD);
  frame.insert(frame.end(), packet.begin(), packet.end());
  return frame;
}

std::vector<Buffer> batch_of(Input& input, bool ethernet) {
  std::vector<made::Fields> flows(4);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    flows[i].v6 = (i & 1) != 0;
    flows[i].udp = (i & 2) != 0;
    flows[i].host = static_cast<std::uint8_t>(i);
  }
  std::vector<Buffer> batch;
  while (!input.empty() && batch.size() < ip::Coalescer::most_packets) {
    const std::uint8_t choice = input.u8();
    if (choice < 16) {
      batch.push_back(to_buffer(input.piece()));
      continue;
    }
    Buffer packet = next_of(flows[choice % 4], input);
    batch.push_back(ethernet ? framed(packet) : std::move(packet));
  }
  return batch;
}

// The kernel counts the identifications of a run up, and writes the one of two zeros that is usual.
Buffer canonical_packet(Buffer packet) {
  if (packet.size() < 40) return packet;
  const bool v4 = packet[0] == 0x45;
  const std::size_t transport = v4 ? 20 : 40;
  const std::size_t field = transport + (packet[v4 ? 9 : 6] == 6 ? 16u : 6u);
  if (v4 && (packet[6] & 0x40) != 0) {
    store_u16(&packet[4], 0);
    store_u16(&packet[10], 0);
  }
  if (v4 && load_u16(&packet[10]) == 0xFFFF) store_u16(&packet[10], 0);
  if (field + 2 <= packet.size() && load_u16(&packet[field]) == 0xFFFF)
    store_u16(&packet[field], 0);
  return packet;
}

Buffer canonical(const Buffer& bytes, bool ethernet) {
  const std::size_t link = ethernet ? ip::ip_begins_at(bytes).value_or(0) : 0;
  Buffer result(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(link));
  const Buffer packet = canonical_packet(to_buffer(Bytes(bytes).subspan(link)));
  result.insert(result.end(), packet.begin(), packet.end());
  return result;
}

std::vector<Buffer> apart(ip::VnetHeader header, const Buffer& whole, bool ethernet) {
  if (header.gso_type == ip::VnetHeader::whole) return {whole};
  const std::size_t link = ethernet ? ip::ip_begins_at(whole).value() : 0;
  header.csum_start = static_cast<std::uint16_t>(header.csum_start - link);
  ip::Segments segments;
  ADIT_ASSERT(segments.begin(header, Bytes(whole).subspan(link)) == Drop::none);
  std::vector<Buffer> result;
  while (segments.left() > 0) {
    Buffer room = whole;
    room.resize(link + segments.next(MutableBytes(room).subspan(link)));
    result.push_back(std::move(room));
  }
  return result;
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t first = input.u8();
  const bool ethernet = (first & 0x80) != 0;
  const ip::Coalescer::Kinds kinds{first % 8 != 0, input.below(8) != 0, ethernet};
  const std::vector<Buffer> sent = batch_of(input, ethernet);
  std::vector<Buffer> storage = sent;
  std::vector<Packet> packets;
  std::vector<Packet*> pointers;
  for (Buffer& one : storage) packets.emplace_back(one, 0, one.size());
  for (Packet& packet : packets) pointers.push_back(&packet);

  ip::Coalescer coalescer(kinds, pointers);
  std::vector<bool> seen(sent.size());
  std::size_t total = 0;
  for (std::size_t i = 0; i < coalescer.runs(); ++i) {
    const auto run = coalescer.run(i);
    Buffer whole;
    for (const auto& [data, size] : run.pieces) whole.insert(whole.end(), data, data + size);
    ADIT_ASSERT(run.packets == 1 || whole.size() <= 0xFFFF + (ethernet ? 22u : 0u));
    const auto parts = apart(run.header, whole, ethernet);
    ADIT_ASSERT(parts.size() == run.packets);
    std::size_t from = 0;  // packets of a run stand in their order
    for (const Buffer& part : parts) {
      const Buffer wanted = canonical(part, ethernet);
      while (from < sent.size() && (seen[from] || canonical(sent[from], ethernet) != wanted)) {
        ++from;
      }
      ADIT_ASSERT(from < sent.size());
      seen[from++] = true;
      ++total;
    }
  }
  ADIT_ASSERT(total == sent.size());
}

}  // namespace adit::fuzz
