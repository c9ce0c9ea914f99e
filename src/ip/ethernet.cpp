#include "ip/ethernet.h"

#include <algorithm>
#include <cstring>

#include <fmt/core.h>

#include "base/assert.h"
#include "ip/inner_packet.h"

namespace adit::ip {

namespace {

constexpr std::size_t type_at = 12;
constexpr std::uint16_t type_v4 = 0x0800, type_v6 = 0x86DD, type_vlan = 0x8100, type_outer = 0x88A8;
constexpr std::uint16_t vlan_bits = 0x0FFF;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}

}  // namespace

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  MacAddress address;
  if (text.size() != address.bytes.size() * 3 - 1) return std::nullopt;
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const auto high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);
    const bool separated = i == 0 || text[3 * i - 1] == ':';
    if (!high || !low || !separated) return std::nullopt;
    address.bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return address;
}

std::string MacAddress::text() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2],
                     bytes[3], bytes[4], bytes[5]);
}

std::uint64_t MacAddress::number() const {
  return std::uint64_t{load_u16(bytes.data())} << 32 | load_u32(&bytes[2]);
}

std::optional<EthernetHeader> look_at_frame(Bytes frame) {
  if (frame.size() < ethernet_header_bytes) return std::nullopt;
  EthernetHeader header;
  std::copy_n(frame.data(), 6, header.destination.bytes.data());
  std::copy_n(&frame[6], 6, header.source.bytes.data());
  header.type = load_u16(&frame[type_at]);
  if (header.type != type_vlan) return header;
  header.size += vlan_tag_bytes;
  if (frame.size() < header.size) return std::nullopt;
  header.tag = load_u16(&frame[type_at + 2]);
  header.type = load_u16(&frame[type_at + 4]);
  return header;
}

std::optional<std::size_t> ip_begins_at(Bytes frame) {
  for (std::size_t at = type_at; at + 2 < frame.size(); at += vlan_tag_bytes) {
    const std::uint16_t type = load_u16(&frame[at]);
    const std::size_t behind = at + 2;
    if (type == type_v4 || type == type_v6) {
      const unsigned version = frame[behind] >> 4;
      return version == (type == type_v4 ? 4u : 6u) ? std::optional(behind) : std::nullopt;
    }
    if (type != type_vlan && type != type_outer) return std::nullopt;
  }
  return std::nullopt;
}

Bytes ip_packet_of(Bytes frame) {
  const auto at = ip_begins_at(frame);
  if (!at) return {};
  const auto inner = look(frame.subspan(*at));
  return inner ? frame.subspan(*at, inner->total_length) : Bytes();
}

MutableBytes ip_packet_of(MutableBytes frame) {
  const Bytes packet = ip_packet_of(Bytes(frame));
  if (packet.empty()) return {};
  return frame.subspan(static_cast<std::size_t>(packet.data() - frame.data()), packet.size());
}

void add_vlan_tag(Packet& frame, std::uint16_t vlan) {
  ADIT_ASSERT(vlan <= last_vlan && frame.size() >= ethernet_header_bytes);
  const bool has_tag = load_u16(frame.data() + type_at) == type_vlan;
  if (has_tag && frame.size() >= ethernet_header_bytes + vlan_tag_bytes) {
    std::uint8_t* const tag = frame.data() + type_at + 2;
    store_u16(tag, static_cast<std::uint16_t>((load_u16(tag) & ~vlan_bits) | vlan));
    return;
  }
  std::uint8_t* const start = frame.prepend(vlan_tag_bytes);
  std::memmove(start, start + vlan_tag_bytes, type_at);
  store_u16(start + type_at, type_vlan);
  store_u16(start + type_at + 2, vlan);
}

void remove_vlan_tag(Packet& frame) {
  ADIT_ASSERT(frame.size() >= ethernet_header_bytes + vlan_tag_bytes);
  std::memmove(frame.data() + vlan_tag_bytes, frame.data(), type_at);
  frame.drop_front(vlan_tag_bytes);
}

}  // namespace adit::ip
