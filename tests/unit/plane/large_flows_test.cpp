// What is remembered of flows of large packets, so that their senders can be told of a narrow path.

#include "plane/large_flows.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "ip/header_fields.h"

namespace adit::plane {
namespace {

constexpr std::uint32_t first_sequence = 1000;
constexpr std::size_t tcp_at_v6 = ip::v6_header_bytes;

// A TCP packet over IPv6 from port 5000 and with that size.
Buffer tcp_v6(std::size_t size, std::uint32_t sequence, std::uint8_t last_of_address = 1) {
  Buffer packet(size);
  packet[0] = 0x60;
  store_u16(&packet[4], static_cast<std::uint16_t>(size - ip::v6_header_bytes));
  packet[6] = ip::protocol_tcp;
  packet[23] = last_of_address;
  store_u16(&packet[tcp_at_v6], 5000);
  store_u32(&packet[tcp_at_v6 + 4], sequence);
  packet[tcp_at_v6 + 12] = 0x50;
  return packet;
}

struct Told {
  std::size_t bytes;
  std::uint32_t sequence;
};

std::vector<Told> told(const LargeFlows& flows, PeerIndex peer, std::size_t larger_than) {
  std::vector<Told> found;
  flows.for_each(peer, larger_than, [&](const LargeFlow& flow) {
    std::array<std::uint8_t, LargeFlows::most_encoded> room;
    const Buffer packet = LargeFlow::rebuild(Bytes(room).first(flow.encode(room)), 0);
    found.push_back({packet.size(), load_u32(&packet[tcp_at_v6 + 4])});
  });
  return found;
}

TEST(LargeFlows, remember_where_a_flow_will_go_on) {
  LargeFlows flows;
  flows.note(3, tcp_v6(1432, first_sequence));
  const auto found = told(flows, 3, 1290);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].bytes, 1432u);
  EXPECT_EQ(found[0].sequence, first_sequence + 1432 - 60);
  EXPECT_TRUE(told(flows, 3, 1432).empty());
  EXPECT_TRUE(told(flows, 4, 1290).empty());
}

// The last packet of a write is shorter than those to come: its sender must be told all the same.
TEST(LargeFlows, remember_the_largest_packet_of_a_flow_and_the_place_of_its_latest) {
  LargeFlows flows;
  flows.note(3, tcp_v6(1432, first_sequence));
  flows.note(3, tcp_v6(1124, first_sequence + 1372));
  const auto found = told(flows, 3, 1290);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].bytes, 1432u);
  EXPECT_EQ(found[0].sequence, first_sequence + 1372 + 1124 - 60);
}

TEST(LargeFlows, take_no_size_from_another_flow_in_the_same_place) {
  LargeFlows flows;
  flows.note(3, tcp_v6(1432, first_sequence));
  for (unsigned i = 2; i < 256; ++i) {
    flows.note(3, tcp_v6(1124, first_sequence, static_cast<std::uint8_t>(i)));
  }
  EXPECT_TRUE(told(flows, 3, 1290).empty()) << "one of them has met the first";
  for (unsigned i = 1; i < 256; ++i) {
    flows.note(4, tcp_v6(1124, first_sequence, static_cast<std::uint8_t>(i)));
  }
  EXPECT_TRUE(told(flows, 3, 0).empty());
  EXPECT_TRUE(told(flows, 4, 1290).empty());
  EXPECT_FALSE(told(flows, 4, 1000).empty());
}

}  // namespace
}  // namespace adit::plane
