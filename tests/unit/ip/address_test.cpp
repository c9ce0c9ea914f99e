#include "ip/address.h"

#include <gtest/gtest.h>

#include "ip/prefix_map.h"

namespace adit::ip {
namespace {

TEST(Address, parses_and_prints_both_families) {
  EXPECT_EQ(Address::parse("10.8.0.1")->text(), "10.8.0.1");
  EXPECT_EQ(Address::parse("fd88::1")->text(), "fd88::1");
  for (const char* text : {"", "10.8.0", "10.8.0.256", "10.8.0.1 ", "fd88::1::2", "a.b.c.d",
                           "10.8.0.1/24", "::ffff:1.2.3.4.5"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::parse(std::string(200, '1')));
}

TEST(Address, mapped_addresses_from_the_kernel_are_IPv4) {
  EXPECT_EQ(Address::v6(Address::parse("::ffff:10.1.2.3")->bytes()).text(), "10.1.2.3");
}

TEST(Address, counting_on_carries_through_all_bytes) {
  EXPECT_EQ(Address::parse("10.8.0.255")->plus(1).text(), "10.8.1.0");
  EXPECT_EQ(Address::parse("fd88::ffff")->plus(1).text(), "fd88::1:0");
}

TEST(Prefix, host_bits_are_cut_and_lengths_checked) {
  EXPECT_EQ(Prefix::parse("192.168.20.77/24")->text(), "192.168.20.0/24");
  EXPECT_EQ(Prefix::parse("10.8.0.1")->text(), "10.8.0.1/32");
  EXPECT_FALSE(Prefix::parse("10.0.0.0/33"));
  EXPECT_FALSE(Prefix::parse("fd88::/129"));
  EXPECT_FALSE(Prefix::parse("10.0.0.0/"));
}

TEST(Prefix, netmasks_must_be_contiguous) {
  EXPECT_EQ(prefix_length_of_netmask(*Address::parse("255.255.255.0")), 24);
  EXPECT_EQ(prefix_length_of_netmask(*Address::parse("255.255.255.255")), 32);
  EXPECT_EQ(prefix_length_of_netmask(*Address::parse("0.0.0.0")), 0);
  EXPECT_FALSE(prefix_length_of_netmask(*Address::parse("255.0.255.0")));
  EXPECT_FALSE(prefix_length_of_netmask(*Address::parse("10.0.0.1")));
}

TEST(Prefix, a_route_of_openvpn_has_a_netmask_or_leads_to_a_host) {
  EXPECT_EQ(Prefix::parse("10.8.0.0", "255.255.255.0")->text(), "10.8.0.0/24");
  EXPECT_EQ(Prefix::parse("10.8.0.7", "")->text(), "10.8.0.7/32");
  EXPECT_EQ(Prefix::parse("10.8.0.7", "default")->text(), "10.8.0.7/32");
  EXPECT_FALSE(Prefix::parse("10.8.0.0", "255.0.255.0"));
  EXPECT_FALSE(Prefix::parse("10.8.0.0", "24"));
  EXPECT_FALSE(Prefix::parse("fd00::", ""));
}

TEST(PrefixMap, the_longest_prefix_wins) {
  PrefixMap<int> map;
  map.insert(*Prefix::parse("0.0.0.0/0"), 0);
  map.insert(*Prefix::parse("192.168.0.0/16"), 1);
  map.insert(*Prefix::parse("192.168.20.0/24"), 2);
  map.insert(*Prefix::parse("192.168.20.7/32"), 3);
  map.insert(*Prefix::parse("fd88::/64"), 4);
  const auto at = [&](const char* text) { return *map.find(*Address::parse(text)); };
  EXPECT_EQ(at("8.8.8.8"), 0);
  EXPECT_EQ(at("192.168.1.1"), 1);
  EXPECT_EQ(at("192.168.20.8"), 2);
  EXPECT_EQ(at("192.168.20.7"), 3);
  EXPECT_EQ(at("fd88::99"), 4);
  EXPECT_EQ(map.find(*Address::parse("fd99::1")), nullptr);
}

}  // namespace
}  // namespace adit::ip
