#include "plane/large_flows.h"

#include <algorithm>
#include <cstring>

#include "ip/header_fields.h"

namespace adit::plane {

namespace {

constexpr std::size_t carried_bytes = 8;

std::uint64_t load_u64(const std::uint8_t* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Addresses and ports, mixed.
std::size_t place_of(const std::uint8_t* packet, std::size_t header, std::size_t places) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15u;
  const std::size_t addresses = header == ip::v4_header_bytes ? 12 : 8;
  std::uint64_t mixed = 0;
  for (std::size_t at = addresses; at < header; at += 8) {
    mixed = (mixed ^ load_u64(packet + at)) * odd;
  }
  mixed = (mixed ^ load_u32(packet + header)) * odd;
  return (mixed >> 32) % places;
}

// Of the IP header, where what follows is not a piece; 0: not one to note.
std::size_t plain_header(Bytes packet) {
  if (packet[0] == 0x45) return ip::is_fragment(packet.data()) ? 0 : ip::v4_header_bytes;
  return packet[0] >> 4 == 6 ? ip::v6_header_bytes : 0;
}

// Of the addresses and ports of two packets with such headers.
bool same_ends(const std::uint8_t* a, const std::uint8_t* b, std::size_t header) {
  const std::size_t addresses = header == ip::v4_header_bytes ? 12 : 8;
  return a[0] >> 4 == b[0] >> 4 &&
         std::memcmp(a + addresses, b + addresses, header + 4 - addresses) == 0;
}

bool carries_tcp(Bytes packet, std::size_t header) {
  return packet[header == ip::v4_header_bytes ? 9 : 6] == ip::protocol_tcp;
}

void advance(MutableBytes packet, std::size_t header, std::uint32_t bytes) {
  store_u32(&packet[header + 4], load_u32(&packet[header + 4]) + bytes);
}

// How much of the stream a packet carries.
std::uint32_t carried_by(Bytes packet, std::size_t header) {
  const std::size_t tcp =
      std::max<std::size_t>(packet[header + 12] / 16u * 4u, ip::tcp_header_bytes);
  return static_cast<std::uint32_t>(packet.size() - std::min(packet.size(), header + tcp));
}

}  // namespace

void LargeFlows::note(PeerIndex peer, Bytes packet) {
  const std::size_t header = plain_header(packet);
  if (header == 0 || packet.size() < ip::v6_header_bytes + ip::tcp_header_bytes) return;
  LargeFlow& flow = flows_[place_of(packet.data(), header, places)];
  const auto bytes = static_cast<std::uint16_t>(std::min<std::size_t>(packet.size(), 65535));
  const bool smaller = bytes < flow.packet_bytes && flow.peer == peer &&
                       same_ends(flow.head.data(), packet.data(), header);
  if (!smaller) flow.packet_bytes = bytes;
  flow.peer = peer;
  flow.head_bytes = static_cast<std::uint8_t>(header + carried_bytes);
  std::memcpy(flow.head.data(), packet.data(), flow.head.size());  // a fixed size is quick
  if (carries_tcp(packet, header)) advance(flow.head, header, carried_by(packet, header));
}

std::size_t LargeFlow::encode(MutableBytes room) const {
  Writer writer(room);
  writer.u16(packet_bytes);
  writer.put(Bytes(head).first(head_bytes));
  return writer.size();
}

Buffer LargeFlow::rebuild(Bytes encoded, std::uint32_t ahead) {
  Reader reader(encoded);
  const std::size_t bytes = reader.u16();
  const Bytes head = reader.rest();
  if (!reader.ok() || bytes < head.size() || head.size() < ip::v4_header_bytes + carried_bytes)
    return {};
  Buffer packet(bytes);
  std::ranges::copy(head, packet.begin());
  const std::size_t header = plain_header(packet);
  if (head.size() != header + carried_bytes) return {};
  if (carries_tcp(packet, header)) advance(packet, header, ahead);
  return packet;
}

}  // namespace adit::plane
