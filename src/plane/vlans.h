#pragma once

#include <optional>

#include "ip/ethernet.h"

namespace adit::plane {

// The tap of a server as a port of a switch that knows VLANs. Peers are ports without tags, each in
// one VLAN. source: openvpn(8), vlan-tagging, vlan-accept and vlan-pvid; observed with stock 2.6.14
struct Vlans {
  enum class Accept : std::uint8_t { all, tagged, untagged } accept = Accept::all;
  std::uint16_t of_tap = 1;  // of its frames without a tag
};

// A frame comes in from the tap: its VLAN, and it has no tag of one any more. Nothing: such frames
// are not accepted. header: the frame's.
[[nodiscard]] std::optional<std::uint16_t> enter_vlan(const Vlans& vlans, Packet& frame,
                                                      const ip::EthernetHeader& header);
// A frame of this VLAN goes out to the tap, with a tag where it needs one: 4 bytes of room in
// front. False: it may not.
[[nodiscard]] bool leave_vlan(const Vlans& vlans, Packet& frame, std::uint16_t vlan);

}  // namespace adit::plane
