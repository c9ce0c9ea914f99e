#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/packet.h"
#include "base/text.h"

namespace adit {
namespace {

TEST(Bytes, base64_round_trips_every_length) {
  for (std::size_t size = 0; size < 70; ++size) {
    Buffer bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + size);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes) << size;
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes) << size;
  }
}

TEST(Bytes, base64_refuses_foreign_characters_and_wrong_padding) {
  for (const char* text : {"a", "ab", "abc", "ab=", "ab===", "=abc", "ab=c", "ab!d", "abcd="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  EXPECT_EQ(to_hex(*from_base64("YWJj\nZGVm\n")), "616263646566");
}

TEST(Bytes, a_reader_past_its_end_stays_failed) {
  const Buffer bytes{1, 2, 3};
  Reader reader(bytes);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0u) << "also what would have fitted";
  EXPECT_FALSE(reader.finished());
}

TEST(Bytes, a_writer_past_its_end_writes_nothing_more) {
  Buffer room(3, 0xEE);
  Writer writer(room);
  writer.u16(0x0102);
  writer.u16(0x0304);
  writer.u8(5);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(to_hex(room), "0102ee");
}

TEST(Bytes, constant_time_comparison_compares) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

TEST(Packet, grows_and_shrinks_at_both_ends_without_moving_its_bytes) {
  Buffer storage(64);
  Packet packet(storage, 0, 0);
  packet.assign(as_bytes("payload"), 16);
  const std::uint8_t* at = packet.data();
  packet.prepend(4);
  packet.append(3);
  EXPECT_EQ(packet.size(), 14u);
  EXPECT_EQ(packet.front_room(), 12u);
  packet.drop_front(4);
  packet.drop_back(3);
  EXPECT_EQ(packet.data(), at);
  EXPECT_EQ(as_text(packet.bytes()), "payload");
}

TEST(Text, numbers_are_whole_or_nothing) {
  EXPECT_EQ(to_number<int>("42"), 42);
  EXPECT_FALSE(to_number<int>("42x"));
  EXPECT_FALSE(to_number<int>(""));
  EXPECT_FALSE(to_number<std::uint16_t>("65536"));
  EXPECT_FALSE(to_number<unsigned>("-1"));
}

TEST(Text, edit_distance_counts_edits) {
  EXPECT_EQ(edit_distance("remote", "remote"), 0u);
  EXPECT_EQ(edit_distance("remot", "remote"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace adit
