#include "ip/address_swap.h"

#include <gtest/gtest.h>

#include "ip/checksum.h"
#include "ip/inner_packet.h"

namespace adit::ip {
namespace {

constexpr std::uint8_t tcp = 6, udp = 17, icmp = 1;

std::uint32_t number(const char* text) { return Address::parse_v4(text)->v4_number(); }

AddressSwap snat(const char* network, const char* mask, const char* alias) {
  return {false, number(network), number(mask), number(alias)};
}
AddressSwap dnat(const char* network, const char* mask, const char* alias) {
  return {true, number(network), number(mask), number(alias)};
}

std::size_t checksum_place(std::uint8_t protocol) { return protocol == tcp ? 16 : 6; }

std::uint16_t transport_sum(Bytes packet) {
  const Bytes segment = packet.subspan(20);
  std::uint64_t sum = checksum_addresses(packet.data(), true);
  sum += packet[9] + segment.size();
  return checksum_fold(checksum_add(sum, segment));
}

Buffer packet(const char* from, const char* to, std::uint8_t protocol, std::size_t payload = 33) {
  Buffer bytes(20 + payload);
  bytes[0] = 0x45;
  store_u16(&bytes[2], static_cast<std::uint16_t>(bytes.size()));
  bytes[8] = 64;
  bytes[9] = protocol;
  store_u32(&bytes[12], number(from));
  store_u32(&bytes[16], number(to));
  store_u16(&bytes[10], checksum_fold(checksum_add(0, Bytes(bytes).first(20))));
  for (std::size_t i = 0; i < payload; ++i) bytes[20 + i] = static_cast<std::uint8_t>(i * 7 + 1);
  if (protocol != tcp && protocol != udp) return bytes;
  std::uint8_t* const sum = &bytes[20 + checksum_place(protocol)];
  store_u16(sum, 0);
  store_u16(sum, transport_sum(bytes));
  return bytes;
}

std::string ends(Bytes bytes) {
  const auto inner = look(bytes);
  return inner ? inner->source.text() + " > " + inner->destination.text() : "malformed";
}

void expect_whole(Bytes bytes, std::uint8_t protocol) {
  EXPECT_EQ(checksum_fold(checksum_add(0, bytes.first(20))), 0);
  const bool has_sum = protocol == tcp || protocol == udp;
  EXPECT_EQ(has_sum ? transport_sum(bytes) : 0, 0);
}

TEST(AddressSwap, goes_the_way_that_stock_goes) {
  const AddressSwap source = snat("10.1.0.0", "255.255.0.0", "10.2.0.0");
  const AddressSwap destination = dnat("10.50.0.0", "255.255.0.0", "10.60.0.0");
  struct {
    AddressSwap swap;
    Way way;
    const char *from, *to, *wanted;
  } const cases[] = {
      {source, Way::out, "10.1.0.5", "10.50.0.7", "10.2.0.5 > 10.50.0.7"},
      {source, Way::in, "10.50.0.7", "10.2.0.5", "10.50.0.7 > 10.1.0.5"},
      {source, Way::in, "10.50.0.7", "10.1.0.5", "10.50.0.7 > 10.1.0.5"},
      {destination, Way::out, "10.1.0.5", "10.50.0.7", "10.1.0.5 > 10.60.0.7"},
      {destination, Way::in, "10.60.0.7", "10.1.0.5", "10.50.0.7 > 10.1.0.5"},
      {destination, Way::in, "10.50.0.7", "10.1.0.5", "10.50.0.7 > 10.1.0.5"},
      {source, Way::out, "10.9.0.5", "10.1.0.7", "10.9.0.5 > 10.1.0.7"},
  };
  for (const auto& one : cases) {
    for (const std::uint8_t protocol : {tcp, udp, icmp}) {
      Buffer bytes = packet(one.from, one.to, protocol);
      swap_addresses(bytes, {&one.swap, 1}, one.way);
      EXPECT_EQ(ends(bytes), one.wanted);
      expect_whole(bytes, protocol);
    }
  }
}

TEST(AddressSwap, changes_each_address_once_by_the_first_that_fits) {
  const AddressSwap swaps[] = {snat("10.1.0.0", "255.255.0.0", "10.2.0.0"),
                               snat("10.2.0.0", "255.255.0.0", "10.3.0.0"),
                               dnat("10.9.0.0", "255.255.255.0", "10.8.0.0")};
  Buffer bytes = packet("10.1.0.5", "10.9.0.7", tcp);
  swap_addresses(bytes, swaps, Way::out);
  EXPECT_EQ(ends(bytes), "10.2.0.5 > 10.8.0.7");
  expect_whole(bytes, tcp);
}

TEST(AddressSwap, comes_back_to_where_it_was) {
  const AddressSwap swaps[] = {snat("10.1.0.0", "255.255.0.0", "172.31.0.0"),
                               dnat("0.0.0.0", "0.0.0.0", "0.0.0.0")};
  const Buffer before = packet("10.1.77.9", "192.0.2.1", udp, 8 + 1);
  Buffer bytes = before;
  swap_addresses(bytes, {swaps, 1}, Way::out);
  EXPECT_NE(bytes, before);
  // The answer goes the other way round.
  Buffer answer = packet("192.0.2.1", "172.31.77.9", udp);
  swap_addresses(answer, swaps, Way::in);
  EXPECT_EQ(ends(answer), "192.0.2.1 > 10.1.77.9");
  expect_whole(answer, udp);
}

TEST(AddressSwap, leaves_what_has_no_checksum_without_one) {
  const AddressSwap swap = snat("10.1.0.0", "255.255.0.0", "10.2.0.0");
  Buffer bytes = packet("10.1.0.5", "10.9.0.7", udp);
  store_u16(&bytes[26], 0);
  swap_addresses(bytes, {&swap, 1}, Way::out);
  EXPECT_EQ(load_u16(&bytes[26]), 0);
  // A later fragment has data where the first has its header.
  Buffer later = packet("10.1.0.5", "10.9.0.7", tcp);
  store_u16(&later[6], 100);
  const Buffer data(later.begin() + 20, later.end());
  swap_addresses(later, {&swap, 1}, Way::out);
  EXPECT_EQ(Buffer(later.begin() + 20, later.end()), data);
}

TEST(AddressSwap, touches_nothing_that_is_short_or_ipv6) {
  const AddressSwap swap = snat("0.0.0.0", "0.0.0.0", "10.2.0.0");
  for (std::size_t size = 0; size < 28; ++size) {
    Buffer bytes = packet("10.1.0.5", "10.9.0.7", tcp);
    bytes.resize(size);
    swap_addresses(bytes, {&swap, 1}, Way::out);
  }
  Buffer v6(60);
  v6[0] = 0x60;
  const Buffer before = v6;
  swap_addresses(v6, {&swap, 1}, Way::in);
  EXPECT_EQ(v6, before);
}

}  // namespace
}  // namespace adit::ip
