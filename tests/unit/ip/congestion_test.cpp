#include "ip/congestion.h"

#include <gtest/gtest.h>

#include "tests/unit/ip/packets.h"

namespace adit::ip {
namespace {

made::Fields full(bool v6, std::uint8_t tos) {
  made::Fields fields;
  fields.v6 = v6;
  fields.tos = tos;
  fields.payload = Buffer(1300, 7);
  return fields;
}

TEST(Congestion, loses_a_segment_of_those_who_know_no_ecn) {
  for (const bool v6 : {false, true}) {
    Buffer packet = made::packet(full(v6, 0xB8));
    const Buffer before = packet;
    EXPECT_EQ(signal_congestion(packet), Signal::lose);
    EXPECT_EQ(packet, before);
  }
}

TEST(Congestion, marks_a_segment_of_those_who_do) {
  for (const bool v6 : {false, true}) {
    for (const std::uint8_t tos : std::initializer_list<std::uint8_t>{0xB9, 0xBA, 0xBB}) {
      Buffer packet = made::packet(full(v6, tos));
      EXPECT_EQ(signal_congestion(packet), Signal::marked);
      EXPECT_EQ(packet, made::packet(full(v6, 0xBB))) << "with its checksum right";
    }
  }
}

TEST(Congestion, leaves_alone_what_would_slow_down_nobody) {
  made::Fields udp = full(false, 0);
  udp.udp = true;
  made::Fields small = full(false, 0);
  small.payload.resize(100);
  made::Fields piece = full(false, 0);
  piece.fragment = 0x2000;
  for (const made::Fields& fields : {udp, small, piece}) {
    Buffer packet = made::packet(fields);
    EXPECT_EQ(signal_congestion(packet), Signal::none);
  }
}

TEST(Congestion, does_not_mend_a_broken_header) {
  Buffer packet = made::packet(full(false, 0xB9));
  packet[11] ^= 0x40;
  ASSERT_EQ(signal_congestion(packet), Signal::marked);
  EXPECT_NE(made::sum16(Bytes(packet).first(20)), 0xFFFF);
}

TEST(Congestion, looks_at_no_more_than_there_is) {
  for (const bool v6 : {false, true}) {
    const Buffer whole = made::packet(full(v6, 0xB9));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Buffer packet(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(signal_congestion(packet), size < 1000 ? Signal::none : Signal::marked) << size;
    }
  }
}

}  // namespace
}  // namespace adit::ip
