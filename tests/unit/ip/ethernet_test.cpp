#include "ip/ethernet.h"

#include <gtest/gtest.h>

#include "tests/unit/ip/packets.h"

namespace adit::ip {
namespace {

Buffer frame(std::initializer_list<std::uint8_t> from_type, const Buffer& payload = {}) {
  Buffer bytes{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  bytes.insert(bytes.end(), from_type);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

TEST(MacAddress, is_six_pairs_of_digits_with_colons) {
  const auto address = MacAddress::parse("02:fF:1a:00:00:9C");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->text(), "02:ff:1a:00:00:9c");
  EXPECT_EQ(address->number(), 0x02FF1A00009Cu);
  for (const char* wrong : {"", "02:ff:1a:00:00", "02:ff:1a:00:00:9", "02:ff:1a:00:00:9c:",
                            "02-ff-1a-00-00-9c", "02:ff:1a:00:00:9g", "02ff:1a:00:00:9c:"}) {
    EXPECT_FALSE(MacAddress::parse(wrong)) << wrong;
  }
}

TEST(MacAddress, knows_groups) {
  EXPECT_TRUE(MacAddress::parse("ff:ff:ff:ff:ff:ff")->is_group());
  EXPECT_TRUE(MacAddress::parse("01:00:5e:00:00:01")->is_group());
  EXPECT_FALSE(MacAddress::parse("02:00:5e:00:00:01")->is_group());
  EXPECT_TRUE(MacAddress().is_unspecified());
}

TEST(Frame, shows_its_header_with_and_without_a_tag) {
  const auto plain = look_at_frame(frame({0x08, 0x06}));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->destination.text(), "02:00:00:00:00:01");
  EXPECT_EQ(plain->source.text(), "02:00:00:00:00:02");
  EXPECT_EQ(plain->type, 0x0806);
  EXPECT_FALSE(plain->tag);
  const auto tagged = look_at_frame(frame({0x81, 0x00, 0x60, 0x07, 0x86, 0xDD}));
  ASSERT_TRUE(tagged);
  EXPECT_EQ(tagged->vlan(), 7);
  EXPECT_EQ(tagged->tag, 0x6007);
  EXPECT_EQ(tagged->type, 0x86DD);
  EXPECT_EQ(tagged->size, 18u);
  EXPECT_FALSE(look_at_frame(frame({0x08})));
  EXPECT_FALSE(look_at_frame(frame({0x81, 0x00, 0x00, 0x07, 0x08})));
}

TEST(Frame, has_an_ip_packet_behind_any_number_of_tags) {
  made::Fields fields;
  fields.payload.assign(5, 9);
  const Buffer packet = made::packet(fields);
  const Buffer untagged = frame({0x08, 0x00}, packet);
  EXPECT_EQ(ip_begins_at(untagged), 14u);
  EXPECT_EQ(to_buffer(ip_packet_of(Bytes(untagged))), packet);
  const Buffer twice = frame({0x88, 0xA8, 0, 9, 0x81, 0, 0, 7, 0x08, 0x00}, packet);
  EXPECT_EQ(ip_begins_at(twice), 22u);
  EXPECT_EQ(to_buffer(ip_packet_of(Bytes(twice))), packet);
  EXPECT_FALSE(ip_begins_at(frame({0x86, 0xDD}, packet))) << "the type says another version";
  EXPECT_FALSE(ip_begins_at(frame({0x08, 0x06}, packet)));
  EXPECT_FALSE(ip_begins_at(frame({0x08, 0x00})));
}

TEST(Frame, that_is_filled_up_has_a_shorter_packet) {
  made::Fields fields;
  const Buffer packet = made::packet(fields);
  Buffer filled = frame({0x08, 0x00}, packet);
  filled.resize(filled.size() + 6);
  EXPECT_EQ(to_buffer(ip_packet_of(Bytes(filled))), packet);
  filled.resize(40);
  EXPECT_TRUE(ip_packet_of(Bytes(filled)).empty());
}

TEST(Frame, gets_a_tag_and_loses_it) {
  const Buffer bytes = frame({0x08, 0x06, 1, 2, 3, 4});
  Buffer room(bytes.size() + 8);
  Packet packet(room, 0, 0);
  packet.assign(bytes, 8);
  add_vlan_tag(packet, 7);
  EXPECT_EQ(to_buffer(packet.bytes()), frame({0x81, 0, 0, 7, 0x08, 0x06, 1, 2, 3, 4}));
  remove_vlan_tag(packet);
  EXPECT_EQ(to_buffer(packet.bytes()), bytes);
}

TEST(Frame, keeps_a_priority_when_it_comes_into_a_vlan) {
  const Buffer bytes = frame({0x81, 0, 0x60, 0, 0x08, 0x06, 1, 2});
  Buffer room(bytes.size() + 4);
  Packet packet(room, 0, 0);
  packet.assign(bytes, 4);
  add_vlan_tag(packet, 5);
  EXPECT_EQ(to_buffer(packet.bytes()), frame({0x81, 0, 0x60, 5, 0x08, 0x06, 1, 2}));
}

}  // namespace
}  // namespace adit::ip
