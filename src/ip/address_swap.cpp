#include "ip/address_swap.h"

#include "ip/checksum.h"
#include "ip/header_fields.h"

namespace adit::ip {

namespace {

constexpr std::size_t source_at = 12, destination_at = 16, header_checksum_at = 10;

void mend(std::uint8_t* checksum, std::uint32_t before, std::uint32_t after) {
  store_u16(checksum, checksum_adjust(load_u16(checksum), before, after));
}

// Where the transport's checksum lies, which covers the addresses; nullptr: there is none here.
std::uint8_t* transport_checksum(MutableBytes packet) {
  const std::size_t header = (packet[0] & 15u) * 4u;
  if (is_later_fragment(packet.data())) return nullptr;
  const bool tcp = packet[9] == protocol_tcp;
  if (!tcp && packet[9] != protocol_udp) return nullptr;
  const std::size_t at = header + (tcp ? tcp_checksum_at : udp_checksum_at);
  if (packet.size() < at + 2) return nullptr;
  const bool none = !tcp && load_u16(&packet[at]) == 0;
  return none ? nullptr : &packet[at];
}

void change(MutableBytes packet, std::size_t at, std::uint32_t after) {
  const std::uint32_t before = load_u32(&packet[at]);
  store_u32(&packet[at], after);
  mend(&packet[header_checksum_at], before, after);
  std::uint8_t* const checksum = transport_checksum(packet);
  if (checksum == nullptr) return;
  mend(checksum, before, after);
  // For UDP a zero would say that there is none (RFC 768).
  const bool udp = packet[9] == protocol_udp;
  if (udp && load_u16(checksum) == 0) store_u16(checksum, 0xFFFF);
}

}  // namespace

void swap_addresses(MutableBytes packet, std::span<const AddressSwap> swaps, Way way) {
  if (packet.size() < v4_header_bytes || packet[0] >> 4 != 4) return;
  bool changed[2] = {false, false};
  for (const AddressSwap& swap : swaps) {
    const bool out = way == Way::out;
    const bool destination = swap.destination == out;
    if (changed[destination ? 1 : 0]) continue;
    const std::size_t at = destination ? destination_at : source_at;
    const std::uint32_t from = out ? swap.network : swap.alias;
    const std::uint32_t to = out ? swap.alias : swap.network;
    const std::uint32_t address = load_u32(&packet[at]);
    if ((address & swap.netmask) != from) continue;
    change(packet, at, (address & ~swap.netmask) | to);
    changed[destination ? 1 : 0] = true;
  }
}

}  // namespace adit::ip
