#include "ip/acknowledgements.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ip/checksum.h"
#include "ip/header_fields.h"

namespace adit::ip {

namespace {

constexpr std::size_t longest_acknowledgement = v6_header_bytes + 60;  // with all options

// Where TCP begins in a packet that has nothing but a header of it; 0: it is none of these.
std::size_t transport_of(Bytes packet) {
  if (packet.size() < v4_header_bytes + tcp_header_bytes || packet.size() > longest_acknowledgement)
    return 0;
  if (packet[0] == 0x45) {
    const bool whole = load_u16(&packet[2]) == packet.size();
    return packet[9] == protocol_tcp && whole && !is_fragment(packet.data()) ? v4_header_bytes : 0;
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

// Both are acknowledgements. One that is broken would take a good one with it.
bool replaces(Bytes later, Bytes earlier, std::size_t transport) {
  if (later.size() != earlier.size() || !same_ip(later, earlier, transport == v4_header_bytes)) {
    return false;
  }
  const Bytes a = earlier.subspan(transport), b = later.subspan(transport);
  return same_bytes(a, b, 0, 8) &&                                 // ports, sequence number
         is_newer(load_u32(&b[8]), load_u32(&a[8])) &&             // acknowledged number
         a[12] == b[12] && same_bytes(a, b, 18, a.size() - 18) &&  // urgent pointer, options
         checksums_hold(later, transport, protocol_tcp);
}

// The latest acknowledgement of a few connections; those that share a place displace each other.
class Latest {
 public:
  Packet**& of(Bytes segment) { return at_[(segment[1] ^ segment[3]) % at_.size()]; }

 private:
  std::array<Packet**, 16> at_{};  // in the batch
};

}  // namespace

std::size_t keep_latest_acknowledgements(std::span<Packet*> packets) {
  Latest latest;
  for (Packet*& each : packets) {
    const Bytes packet = each->bytes();
    const std::size_t transport = transport_of(packet);
    if (transport == 0 || !is_acknowledgement(packet.subspan(transport))) continue;
    Packet**& place = latest.of(packet.subspan(transport));
    if (place != nullptr && replaces(packet, (*place)->bytes(), transport)) *place = nullptr;
    place = &each;
  }
  const auto end = std::remove(packets.begin(), packets.end(), nullptr);
  return static_cast<std::size_t>(end - packets.begin());
}

}  // namespace adit::ip
