#include "bench/offload_bench.h"

#include <array>

#include "base/assert.h"
#include "ip/checksum.h"
#include "ip/coalesce.h"
#include "ip/segment.h"
#include "system/clock.h"

namespace adit::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t headers = 40;  // IPv4 and TCP without options
constexpr std::size_t payload = 1360;
constexpr std::size_t segments = 46;
constexpr std::size_t stride = 2048;
constexpr Duration for_both = 400ms;

// One TCP packet that falls into many, as the kernel gives it.
Buffer whole_packet() {
  Buffer packet(headers + segments * payload, 0x5A);
  packet[0] = 0x45;
  packet[1] = 0;
  store_u16(&packet[2], static_cast<std::uint16_t>(packet.size()));
  store_u32(&packet[4], 0x00014000);  // identification, "don't fragment"
  packet[8] = 64;
  packet[9] = 6;
  store_u16(&packet[10], 0);
  store_u32(&packet[12], 0x0A080001);
  store_u32(&packet[16], 0x0A080002);
  store_u32(&packet[20], 0x14511451);  // ports
  store_u32(&packet[24], 1000);
  store_u32(&packet[28], 2000);
  packet[32] = 5 << 4;
  packet[33] = 0x10;  // ACK
  store_u16(&packet[34], 500);
  store_u32(&packet[36], 0);
  // The kernel leaves the rest to us.
  const std::uint64_t sum = ip::checksum_addresses(packet.data(), true) + 6 + packet.size() - 20;
  store_u16(&packet[36], static_cast<std::uint16_t>(~ip::checksum_fold(sum)));
  return packet;
}

ip::VnetHeader header_of_whole() {
  ip::VnetHeader header;
  header.flags = ip::VnetHeader::needs_checksum;
  header.gso_type = ip::VnetHeader::tcp_v4;
  header.hdr_len = headers;
  header.gso_size = payload;
  header.csum_start = 20;
  header.csum_offset = 16;
  return header;
}

}  // namespace

Section measure_offloads(Watcher& watcher) {
  Section section{"TCP packets of 64 KiB", {}};
  if (!watcher.go_on(0, "splitting and joining")) return section;
  const Buffer whole = whole_packet();
  Buffer memory(segments * stride);
  std::array<Packet, segments> packets;
  std::array<Packet*, segments> run{};
  Duration splitting{}, joining{};
  double count = 0;
  while (splitting + joining < for_both) {
    const Instant begin = system::monotonic_now();
    ip::Segments parts;
    const Drop verdict = parts.begin(header_of_whole(), whole);
    ADIT_ASSERT(verdict == Drop::none && parts.left() == segments);
    for (std::size_t i = 0; i < segments; ++i) {
      const MutableBytes room = MutableBytes(memory).subspan(i * stride, stride);
      packets[i] = Packet(room, 0, parts.next(room));
      run[i] = &packets[i];
    }
    const Instant middle = system::monotonic_now();
    ip::Coalescer joined({.tcp = true, .udp = true}, run);
    ADIT_ASSERT(joined.runs() == 1 && joined.run(0).packets == segments);
    joining += system::monotonic_now() - middle;
    splitting += middle - begin;
    count += segments;
  }
  section.rows.push_back(
      {"split", headers + payload, static_cast<double>(splitting.count()) / count});
  section.rows.push_back({"join", headers + payload, static_cast<double>(joining.count()) / count});
  return section;
}

}  // namespace adit::bench
