#include "ip/acknowledgements.h"

#include <array>
#include <cstring>

#include "ip/checksum.h"

namespace adit::ip {

namespace {

constexpr std::size_t v4_header_bytes = 20, v6_header_bytes = 40, tcp_header_bytes = 20;
constexpr std::size_t longest = v6_header_bytes + 60;  // with all options
constexpr std::uint8_t protocol_tcp = 6, tcp_ack = 0x10;

// Where TCP begins in a packet that has nothing but a header of it; 0: it is none of these.
std::size_t transport_of(Bytes packet) {
  if (packet.size() < v4_header_bytes + tcp_header_bytes || packet.size() > longest) return 0;
  if (packet[0] == 0x45) {
    const bool fragment = (load_u16(&packet[6]) & 0x3FFF) != 0;
    const bool whole = load_u16(&packet[2]) == packet.size();
    return packet[9] == protocol_tcp && whole && !fragment ? v4_header_bytes : 0;
  }
  const bool v6 = packet[0] >> 4 == 6 && packet.size() >= v6_header_bytes + tcp_header_bytes;
  if (!v6 || packet[6] != protocol_tcp) return 0;
  return v6_header_bytes + load_u16(&packet[4]) == packet.size() ? v6_header_bytes : 0;
}

bool is_acknowledgement(Bytes segment) {
  return segment[13] == tcp_ack && std::size_t{segment[12]} / 16 * 4 == segment.size();
}

bool same_bytes(Bytes a, Bytes b, std::size_t from, std::size_t count) {
  return std::memcmp(a.data() + from, b.data() + from, count) == 0;
}

// Addresses, and all of the header that says how a packet is to be treated.
bool same_ip(Bytes a, Bytes b, bool v4) {
  if (!v4) return same_bytes(a, b, 0, 4) && same_bytes(a, b, 7, 33);
  return same_bytes(a, b, 0, 2) && same_bytes(a, b, 6, 3) && same_bytes(a, b, 12, 8);
}

bool is_newer(std::uint32_t number, std::uint32_t than) {
  return static_cast<std::int32_t>(number - than) > 0;
}

// One that is broken would take a good one with it.
bool is_whole(Bytes packet, std::size_t transport) {
  const bool v4 = transport == v4_header_bytes;
  if (v4 && checksum_fold(checksum_add(0, packet.first(v4_header_bytes))) != 0) return false;
  const Bytes segment = packet.subspan(transport);
  const std::uint64_t pseudo =
      checksum_addresses(packet.data(), v4) + protocol_tcp + segment.size();
  return checksum_fold(checksum_add(pseudo, segment)) == 0;
}

// Both are acknowledgements of the same size, and so is the place of their TCP header.
bool replaces(Bytes later, Bytes earlier, std::size_t transport) {
  if (!same_ip(later, earlier, transport == v4_header_bytes)) return false;
  const Bytes a = earlier.subspan(transport), b = later.subspan(transport);
  if (!same_bytes(a, b, 0, 8)) return false;  // ports, sequence number
  if (!is_newer(load_u32(&b[8]), load_u32(&a[8]))) return false;
  if (a[12] != b[12] || !same_bytes(a, b, 18, a.size() - 18))
    return false;  // urgent pointer, options
  return is_whole(later, transport);
}

// The latest acknowledgement of a few connections; those that share a place displace each other.
class Latest {
 public:
  static constexpr std::size_t places = 16;
  std::size_t& of(Bytes segment) { return at_[(segment[1] ^ segment[3]) % places]; }

 private:
  std::array<std::size_t, places> at_{};  // in the batch, from 1
};

}  // namespace

std::size_t keep_latest_acknowledgements(std::span<Packet*> packets) {
  if (packets.size() < 2) return packets.size();
  Latest latest;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const Bytes packet = packets[i]->bytes();
    const std::size_t transport = transport_of(packet);
    if (transport == 0 || !is_acknowledgement(packet.subspan(transport))) continue;
    std::size_t& place = latest.of(packet.subspan(transport));
    if (place != 0) {
      Packet*& earlier = packets[place - 1];
      if (earlier->size() == packet.size() && replaces(packet, earlier->bytes(), transport)) {
        earlier = nullptr;
        ++taken;
      }
    }
    place = i + 1;
  }
  if (taken == 0) return packets.size();
  std::size_t kept = 0;
  for (Packet* packet : packets) {
    if (packet != nullptr) packets[kept++] = packet;
  }
  return kept;
}

}  // namespace adit::ip
