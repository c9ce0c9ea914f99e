#include "ip/dhcp.h"

#include <gtest/gtest.h>

#include "ip/checksum.h"
#include "tests/unit/ip/packets.h"

namespace adit::ip {
namespace {

const Buffer ack{53, 1, 5}, router{3, 8, 192, 168, 8, 1, 192, 168, 8, 2};
const Buffer mask{1, 4, 255, 255, 255, 0};

// An answer with these options; ports and code as given.
Buffer answer(std::initializer_list<Buffer> options, std::uint16_t from = 67, std::uint8_t op = 2) {
  made::Fields fields;
  fields.udp = true;
  fields.from_port = from;
  fields.to_port = 68;
  fields.payload.assign(240, 0);
  fields.payload[0] = op;
  store_u32(&fields.payload[236], 0x63825363);
  for (const Buffer& one : options) {
    fields.payload.insert(fields.payload.end(), one.begin(), one.end());
  }
  return made::packet(fields);
}

TEST(DhcpRouter, is_told_and_taken_out) {
  Buffer packet = answer({ack, router, Buffer{0}, mask, Buffer{255, 0, 0}});
  EXPECT_EQ(take_dhcp_router(packet), Address::parse("192.168.8.1"));
  EXPECT_EQ(packet, answer({ack, Buffer{0}, mask, Buffer{255, 0, 0}, Buffer(router.size(), 0)}))
      << "the rest moves up, and the checksum holds";
  EXPECT_EQ(take_dhcp_router(packet), std::nullopt);
}

TEST(DhcpRouter, is_looked_for_in_offers_and_acknowledgements_alone) {
  Buffer offer = answer({Buffer{53, 1, 2}, router, Buffer{255}});
  EXPECT_TRUE(take_dhcp_router(offer));
  const Buffer others[] = {
      answer({Buffer{53, 1, 6}, router, Buffer{255}}),  // refused
      answer({router, Buffer{255}}),
      answer({ack, router, Buffer{255}}, 66),
      answer({ack, router, Buffer{255}}, 67, 1),
      answer({ack, mask, Buffer{255}, router}),
      answer({ack, Buffer{3, 2, 1, 1}, Buffer{255}}),
      answer({ack, Buffer{3, 8, 1, 1, 1, 1}}),  // longer than the message
      answer({ack, Buffer{3}}),
      answer({}),
  };
  for (const Buffer& one : others) {
    Buffer packet = one;
    EXPECT_EQ(take_dhcp_router(packet), std::nullopt);
    EXPECT_EQ(packet, one);
  }
}

TEST(DhcpRouter, leaves_a_packet_without_checksum_without_one) {
  Buffer packet = answer({ack, router, Buffer{255}});
  store_u16(&packet[26], 0);
  EXPECT_TRUE(take_dhcp_router(packet));
  EXPECT_EQ(load_u16(&packet[26]), 0);
}

TEST(DhcpRouter, is_not_looked_for_in_what_is_cut) {
  const Buffer whole = answer({ack, router, Buffer{255}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Buffer part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(take_dhcp_router(part), std::nullopt);
  }
  Buffer fragment = whole;
  fragment[6] = 0x20;
  EXPECT_EQ(take_dhcp_router(fragment), std::nullopt);
}

}  // namespace
}  // namespace adit::ip
