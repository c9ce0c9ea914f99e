#include "ip/inner_packet.h"
#include "tests/unit/plane/planes.h"

namespace adit::plane {
namespace {

// A link that remembers the TOS of what it was given.
class TosLink final : public ports::LinkPort {
 public:
  std::size_t read(std::span<Packet>, std::span<ports::LinkAddress>, std::size_t) override {
    return 0;
  }
  std::size_t take_closed(std::span<ports::LinkAddress>) override { return 0; }
  void write(std::span<const ports::OutgoingPacket> packets, DropCounters&) override {
    for (const auto& packet : packets) seen.push_back(packet.tos);
  }
  std::vector<int> seen;
};

Buffer v4(std::uint8_t tos, std::size_t size = 40) {
  Buffer bytes = packet("10.8.0.2", "10.8.0.1");
  bytes.resize(size);
  store_u16(&bytes[2], static_cast<std::uint16_t>(size));
  bytes[1] = tos;
  return bytes;
}

Buffer v6(std::uint8_t traffic_class) {
  Buffer bytes(40);
  bytes[0] = static_cast<std::uint8_t>(0x60 | traffic_class >> 4);
  bytes[1] = static_cast<std::uint8_t>(traffic_class << 4 | 0x0F);  // and flow label
  return bytes;
}

class PassedTos : public Planes {
 protected:
  std::vector<int> sent(bool pass_tos, const char* remote, const std::vector<Buffer>& packets,
                        std::size_t fragment_most = 0) {
    PlaneSetup setup;
    setup.pass_tos = pass_tos;
    setup.fragments = fragment_most > 0;
    sim::SeededRng rng{1};
    sim::SilentBell bell;
    sim::MemoryTun tun;
    TosLink link;
    DataPlane plane(setup, {{{tun, link, bell, bell}}, bell, rng});
    PeerSpec spec;
    spec.address = address(remote, 1194);
    spec.fragment_most = fragment_most;
    plane.set_peer(0, spec);
    EXPECT_TRUE(plane.install_key(0, key(0, 0, false)));
    plane.use_key(0, 0);
    EXPECT_TRUE(plane.send_payload(0, Buffer(16)));
    tun.to_tunnel.assign(packets.begin(), packets.end());
    while (plane.up().turn(Instant(1h), {1000})) {
    }
    return link.seen;
  }
};

using Seen = std::vector<int>;

TEST_F(PassedTos, is_0_unless_it_is_asked_for) {
  EXPECT_EQ(sent(false, "198.51.100.2", {v4(0xB8), v6(0xB8)}), (Seen{0, 0, 0}));
}

TEST_F(PassedTos, is_each_packets_own_and_not_that_of_pings) {
  EXPECT_EQ(sent(true, "198.51.100.2", {v4(0xB8), v4(0), v4(0x20), v6(0x68), v4(0)}),
            (Seen{0, 0xB8, 0, 0x20, 0x68, 0}));
}

TEST_F(PassedTos, carries_the_bits_of_ecn_where_stock_does) {
  EXPECT_EQ(sent(true, "198.51.100.2", {v4(0xBB), v6(0xBB)}), (Seen{0, 0xBB, 0xB8}));
  EXPECT_EQ(sent(true, "2001:db8::1", {v4(0xBB), v6(0xBB)}), (Seen{0, 0xB8, 0xB8}));
}

TEST_F(PassedTos, is_that_of_all_pieces) {
  const Seen seen = sent(true, "198.51.100.2", {v4(0xB8, 1000), v4(0, 40)}, 300);
  ASSERT_GT(seen.size(), 4u);
  EXPECT_EQ(seen.front(), 0);
  EXPECT_EQ(seen.back(), 0);
  for (std::size_t i = 1; i + 1 < seen.size(); ++i) EXPECT_EQ(seen[i], 0xB8) << i;
}

TEST(TrafficClass, of_what_is_no_ip_packet_is_0) {
  EXPECT_EQ(ip::traffic_class({}), 0);
  EXPECT_EQ(ip::traffic_class(Buffer{0x45}), 0);
  EXPECT_EQ(ip::traffic_class(Buffer{0x7F, 0xFF}), 0);
  EXPECT_EQ(ip::traffic_class(Buffer{0x45, 0x21}), 0x21);
  EXPECT_EQ(ip::traffic_class(Buffer{0x62, 0x1F}), 0x21);
}

}  // namespace
}  // namespace adit::plane
