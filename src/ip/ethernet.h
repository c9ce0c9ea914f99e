#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/packet.h"

namespace adit::ip {

// The address of a network card.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  // "00:ff:1a:2b:3c:4d"
  [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_group() const { return (bytes[0] & 1) != 0; }  // multicast, broadcast
  [[nodiscard]] bool is_unspecified() const { return bytes == MacAddress().bytes; }
  [[nodiscard]] std::uint64_t number() const;
  auto operator<=>(const MacAddress&) const = default;
};

inline constexpr std::size_t ethernet_header_bytes = 14;
inline constexpr std::size_t vlan_tag_bytes = 4;
inline constexpr std::uint16_t last_vlan = 4094;

// What stands before the payload of an Ethernet frame.
struct EthernetHeader {
  MacAddress destination, source;
  std::optional<std::uint16_t> tag;  // of IEEE 802.1Q: priority and VLAN, 0 for none
  std::uint16_t type = 0;            // behind the tag
  std::size_t size = ethernet_header_bytes;

  [[nodiscard]] std::uint16_t vlan() const { return tag.value_or(0) & 0x0FFFu; }
};
// Nothing: it is shorter than its header. Of several tags only the outer one is taken for one.
[[nodiscard]] std::optional<EthernetHeader> look_at_frame(Bytes frame);

// How far in the IP packet of a frame begins, behind any number of tags; nothing: it has none.
[[nodiscard]] std::optional<std::size_t> ip_begins_at(Bytes frame);
// The IP packet without what fills up a short frame; empty: there is none, or it is malformed.
[[nodiscard]] Bytes ip_packet_of(Bytes frame);
[[nodiscard]] MutableBytes ip_packet_of(MutableBytes frame);

// Puts a tag in; where there is one of a priority alone, that gets the VLAN. Needs 4 bytes of room
// in front, and the frame its header.
void add_vlan_tag(Packet& frame, std::uint16_t vlan);
// Takes the tag out, of which the frame must have one.
void remove_vlan_tag(Packet& frame);

}  // namespace adit::ip
