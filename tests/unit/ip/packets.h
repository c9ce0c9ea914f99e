#pragma once

// TCP and UDP packets made field by field, with the plainest of checksums: what the fast code is
// held against.

#include <random>
#include <vector>

#include "base/bytes.h"
#include "ip/vnet_header.h"

namespace adit::ip::made {

inline std::uint16_t sum16(Bytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

inline std::uint16_t u16(std::size_t value) { return static_cast<std::uint16_t>(value); }

struct Fields {
  bool v6 = false, udp = false;
  std::uint8_t host = 1;  // last byte of the source address
  std::uint16_t from_port = 40000, to_port = 443;
  std::uint32_t sequence = 1000, acknowledged = 77;
  std::uint8_t flags = 0x10;
  std::uint16_t window = 512, urgent = 0;
  Buffer tcp_options;  // whole words
  Buffer extensions;   // IPv6, between the headers; the last names the transport
  std::uint8_t first_extension = 0;
  Buffer ip_options;  // IPv4, whole words
  std::uint8_t tos = 0, ttl = 64;
  std::uint16_t id = 500, fragment = 0x4000;
  std::uint32_t flow_label = 0x12345;
  Buffer payload;
};

inline std::size_t transport_at(const Fields& f) {
  return f.v6 ? 40 + f.extensions.size() : 20 + f.ip_options.size();
}
inline std::size_t payload_at(const Fields& f) {
  return transport_at(f) + (f.udp ? 8 : 20 + f.tcp_options.size());
}

// The sum of what transport checksums include of the IP header.
inline std::uint16_t pseudo(const Fields& f, Bytes packet) {
  const std::size_t length = packet.size() - transport_at(f);
  std::uint8_t tail[8] = {0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(f.udp ? 17 : 6)};
  store_u32(tail, static_cast<std::uint32_t>(length));
  return sum16(tail, sum16(f.v6 ? packet.subspan(8, 32) : packet.subspan(12, 8)));
}

inline Buffer ip_header(const Fields& f, std::size_t total) {
  Buffer header(transport_at(f), 0);
  Writer w(header);
  const std::uint8_t protocol = f.udp ? 17 : 6;
  if (f.v6) {
    w.u32(0x60000000u | std::uint32_t{f.tos} << 20 | f.flow_label);
    w.u16(u16(total - 40));
    w.u8(f.extensions.empty() ? protocol : f.first_extension);
    w.u8(f.ttl);
    for (const std::uint8_t host : {f.host, std::uint8_t{200}}) {
      w.u64(0xFD00000000000000u);
      w.u64(host);
    }
    w.put(f.extensions);
    return header;
  }
  w.u8(static_cast<std::uint8_t>(0x45 + f.ip_options.size() / 4));
  w.u8(f.tos);
  w.u16(u16(total));
  w.u16(f.id);
  w.u16(f.fragment);
  w.u8(f.ttl);
  w.u8(protocol);
  w.u16(0);
  w.u32(0x0A090000u | f.host);
  w.u32(0x0A0900C8u);
  w.put(f.ip_options);
  store_u16(&header[10], u16(~sum16(header) & 0xFFFF));
  return header;
}

inline Buffer transport_header(const Fields& f) {
  Buffer header(payload_at(f) - transport_at(f), 0);
  Writer w(header);
  w.u16(f.from_port);
  w.u16(f.to_port);
  if (f.udp) {
    w.u16(u16(8 + f.payload.size()));
    return header;
  }
  w.u32(f.sequence);
  w.u32(f.acknowledged);
  w.u8(static_cast<std::uint8_t>((20 + f.tcp_options.size()) / 4 << 4));
  w.u8(f.flags);
  w.u16(f.window);
  w.u16(0);
  w.u16(f.urgent);
  w.put(f.tcp_options);
  return header;
}

inline std::uint8_t* checksum_field(const Fields& f, Buffer& packet) {
  return &packet[transport_at(f) + (f.udp ? 6 : 16)];
}

// partial: as the kernel leaves it for the one that makes checksums
inline Buffer packet(const Fields& f, bool partial = false) {
  Buffer packet = ip_header(f, payload_at(f) + f.payload.size());
  for (const Buffer& part : {transport_header(f), f.payload}) {
    packet.insert(packet.end(), part.begin(), part.end());
  }
  const std::uint16_t start = pseudo(f, packet);
  std::uint16_t sum = start;
  if (!partial) {
    sum = u16(~sum16(Bytes(packet).subspan(transport_at(f)), start) & 0xFFFF);
    if (f.udp && sum == 0) sum = 0xFFFF;
  }
  store_u16(checksum_field(f, packet), sum);
  return packet;
}

inline VnetHeader vnet(const Fields& f, std::size_t size) {
  VnetHeader header;
  header.flags = VnetHeader::needs_checksum;
  header.gso_type = f.udp ? VnetHeader::udp : f.v6 ? VnetHeader::tcp_v6 : VnetHeader::tcp_v4;
  header.hdr_len = u16(payload_at(f));
  header.gso_size = u16(size);
  header.csum_start = u16(transport_at(f));
  header.csum_offset = f.udp ? 6 : 16;
  return header;
}

// What a kernel makes of a whole packet: see tests/unit/system/tun_kernel_test.cpp.
inline std::vector<Buffer> segments(const Fields& whole, std::size_t size) {
  std::vector<Buffer> result;
  for (std::size_t at = 0; at < whole.payload.size(); at += size) {
    Fields f = whole;
    const bool last = at + size >= whole.payload.size();
    const std::size_t end = last ? whole.payload.size() : at + size;
    f.payload.assign(whole.payload.begin() + static_cast<std::ptrdiff_t>(at),
                     whole.payload.begin() + static_cast<std::ptrdiff_t>(end));
    f.id = u16(whole.id + result.size());
    f.sequence = whole.sequence + static_cast<std::uint32_t>(at);
    if (!last) f.flags &= static_cast<std::uint8_t>(~0x09);
    if (!result.empty()) f.flags &= static_cast<std::uint8_t>(~0x80);
    result.push_back(packet(f));
  }
  return result;
}

inline Buffer noise(std::size_t count, std::mt19937& chance) {
  Buffer bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(chance());
  return bytes;
}

// A hop-by-hop header and a routing header whose stations have been passed, then TCP or UDP.
inline void extend(Fields& f) {
  f.first_extension = 0;
  f.extensions = {43, 0, 1, 4, 0, 0, 0, 0};
  const Buffer routing{static_cast<std::uint8_t>(f.udp ? 17 : 6), 0, 4, 0, 0, 0, 0, 0};
  f.extensions.insert(f.extensions.end(), routing.begin(), routing.end());
}

}  // namespace adit::ip::made
