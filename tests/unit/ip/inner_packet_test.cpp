#include "ip/inner_packet.h"

#include <gtest/gtest.h>

#include "ip/checksum.h"
#include "ip/icmpv6_error.h"

namespace adit::ip {
namespace {

// A TCP SYN with an MSS option at the given offset into the options.
Buffer syn(bool v6, std::uint16_t mss, std::size_t padding = 0) {
  const std::size_t ip_header = v6 ? 40 : 20;
  const std::size_t options = (padding + 4 + 3) / 4 * 4;
  Buffer packet(ip_header + 20 + options, 0);
  if (v6) {
    packet[0] = 0x60;
    store_u16(&packet[4], static_cast<std::uint16_t>(20 + options));
    packet[6] = 6;
  } else {
    packet[0] = 0x45;
    store_u16(&packet[2], static_cast<std::uint16_t>(packet.size()));
    packet[9] = 6;
  }
  std::uint8_t* tcp = &packet[ip_header];
  tcp[12] = static_cast<std::uint8_t>((20 + options) / 4 << 4);
  tcp[13] = 2;
  for (std::size_t i = 0; i < padding; ++i) tcp[20 + i] = 1;
  tcp[20 + padding] = 2;
  tcp[21 + padding] = 4;
  store_u16(&tcp[22 + padding], mss);
  store_u16(&tcp[16], checksum_fold(checksum_add(0, Bytes(packet).subspan(ip_header))));
  return packet;
}

bool checksum_holds(const Buffer& packet, std::size_t ip_header) {
  return checksum_fold(checksum_add(0, Bytes(packet).subspan(ip_header))) == 0;
}

TEST(MssClamp, lowers_a_larger_mss_and_mends_the_checksum) {
  for (const bool v6 : {false, true}) {
    for (std::size_t padding = 0; padding < 4; ++padding) {
      Buffer packet = syn(v6, 1460, padding);
      const std::size_t ip_header = v6 ? 40 : 20;
      ASSERT_TRUE(checksum_holds(packet, ip_header));
      clamp_mss(packet, 1400);
      EXPECT_EQ(load_u16(&packet[ip_header + 22 + padding]), v6 ? 1380 : 1400);
      EXPECT_TRUE(checksum_holds(packet, ip_header)) << v6 << padding;
    }
  }
}

TEST(MssClamp, leaves_everything_else_alone) {
  const Buffer small = syn(false, 1200);
  Buffer packet = small;
  clamp_mss(packet, 1400);
  EXPECT_EQ(packet, small);
  packet = syn(false, 1460);
  packet[20 + 13] = 0x10;  // an ACK
  const Buffer ack = packet;
  clamp_mss(packet, 1400);
  EXPECT_EQ(packet, ack);
  packet = syn(false, 1460);
  packet[6] = 0x00;
  packet[7] = 0x10;  // a later fragment
  const Buffer fragment = packet;
  clamp_mss(packet, 1400);
  EXPECT_EQ(packet, fragment);
}

TEST(MssClamp, reads_no_byte_beyond_a_short_or_lying_packet) {
  const Buffer whole = syn(false, 1460);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Buffer cut(whole.begin(), whole.begin() + static_cast<long>(size));
    clamp_mss(cut, 1400);
  }
  Buffer lying = syn(false, 1460);
  lying[20 + 21] = 200;  // an option longer than the header
  clamp_mss(lying, 1400);
  lying[20 + 12] = 0xF0;
  clamp_mss(lying, 1400);
}

TEST(InnerPacket, must_be_as_long_as_it_says) {
  Buffer packet = syn(false, 1460);
  EXPECT_TRUE(look(packet));
  store_u16(&packet[2], static_cast<std::uint16_t>(packet.size() + 1));
  EXPECT_FALSE(look(packet));
  EXPECT_FALSE(look(Buffer{}));
  EXPECT_FALSE(look(Buffer{0x45}));
  EXPECT_FALSE(look(Buffer(40, 0x50)));
  EXPECT_FALSE(look(Buffer(39, 0x60)));
}

TEST(BlockIpv6, answers_with_no_route_but_never_an_error_with_an_error) {
  Buffer packet(60, 0);
  packet[0] = 0x60;
  store_u16(&packet[4], 20);
  packet[6] = 17;
  packet[8] = 0xfd;
  packet[24] = 0xfd;
  Buffer room(1280);
  const Address us = *Address::parse("fe80::7");
  const std::size_t size = icmpv6_error(Icmpv6Error::no_route, 0, packet, us, room);
  ASSERT_EQ(size, 40 + 8 + packet.size());
  EXPECT_EQ(room[40], 1);
  EXPECT_EQ(Address::v6(Bytes(room).subspan(24, 16)), Address::v6(Bytes(packet).subspan(8, 16)));
  std::uint64_t sum = checksum_add(0, Bytes(room).subspan(8, size - 8)) + (size - 40) + 58;
  EXPECT_EQ(checksum_fold(sum), 0);
  packet[6] = 58;
  packet[40] = 1;  // an ICMPv6 error
  EXPECT_EQ(icmpv6_error(Icmpv6Error::no_route, 0, packet, us, room), 0u);
}

}  // namespace
}  // namespace adit::ip
