#include "ip/segment.h"

#include <gtest/gtest.h>

#include "tests/unit/ip/packets.h"

namespace adit::ip {
namespace {

std::vector<Buffer> split(const VnetHeader& header, const Buffer& whole) {
  Segments segments;
  std::vector<Buffer> result;
  EXPECT_EQ(segments.begin(header, whole), Drop::none);
  Buffer room(9000);
  while (segments.left() > 0) {
    const std::size_t size = segments.next(room);
    result.push_back(to_buffer(Bytes(room).first(size)));
  }
  return result;
}

made::Fields some_fields(std::mt19937& chance) {
  made::Fields f;
  f.v6 = chance() % 2 != 0;
  f.udp = chance() % 2 != 0;
  f.sequence = static_cast<std::uint32_t>(0xFFFFFFFFu - chance() % 100'000);  // it will wrap
  f.id = static_cast<std::uint16_t>(0xFFF0 + chance() % 16);
  f.flags = static_cast<std::uint8_t>(chance());
  f.tos = static_cast<std::uint8_t>(chance());
  f.tcp_options = made::noise(chance() % 11 * 4, chance);
  if (chance() % 3 == 0) f.ip_options = made::noise(chance() % 11 * 4, chance);
  if (f.v6 && chance() % 2 == 0) made::extend(f);
  f.payload = made::noise(1 + chance() % 9000, chance);
  return f;
}

TEST(Segments, are_what_a_kernel_would_have_made) {
  std::mt19937 chance(5);
  for (int round = 0; round < 2000; ++round) {
    const made::Fields f = some_fields(chance);
    const std::size_t size = 1 + chance() % (round % 10 == 0 ? 20 : 2000);
    const auto expected = made::segments(f, size);
    ASSERT_EQ(split(made::vnet(f, size), made::packet(f, true)), expected) << round;
    VnetHeader finished = made::vnet(f, size);  // of a packet whose checksum is made already
    finished.flags = 0;
    finished.csum_start = finished.csum_offset = 0;
    ASSERT_EQ(split(finished, made::packet(f)), expected) << round;
  }
}

TEST(Segments, believe_nothing_of_the_stated_header_length) {
  std::mt19937 chance(6);
  made::Fields f;
  f.payload = made::noise(4000, chance);
  VnetHeader header = made::vnet(f, 1400);
  for (const unsigned length : {0u, 20u, 1440u, 65535u}) {
    header.hdr_len = made::u16(length);
    EXPECT_EQ(split(header, made::packet(f, true)), made::segments(f, 1400));
  }
}

TEST(Segments, say_congestion_window_reduced_once_and_finish_once) {
  made::Fields f;
  f.flags = 0x80 | 0x10 | 0x08 | 0x01;
  f.payload = Buffer(3000, 7);
  VnetHeader header = made::vnet(f, 1000);
  header.gso_type |= VnetHeader::ecn;
  const auto segments = split(header, made::packet(f, true));
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0][33], 0x90);
  EXPECT_EQ(segments[1][33], 0x10);
  EXPECT_EQ(segments[2][33], 0x19);
}

// The pseudo-header of a packet with a routing header has an address that is not in the IP header.
TEST(Segments, keep_the_pseudo_header_they_were_given) {
  made::Fields f;
  f.v6 = true;
  made::extend(f);
  f.payload = Buffer(2000, 9);
  Buffer whole = made::packet(f, true);
  std::uint8_t* field = made::checksum_field(f, whole);
  const std::uint16_t shift = 0x1111;
  store_u16(field, made::u16(load_u16(field) + shift));
  const auto straight = made::segments(f, 1000);
  const auto shifted = split(made::vnet(f, 1000), whole);
  for (std::size_t i = 0; i < shifted.size(); ++i) {
    Buffer a = straight[i], b = shifted[i];
    std::uint8_t both[] = {0, 0, 0x11, 0x11};
    store_u16(both, load_u16(made::checksum_field(f, b)));
    EXPECT_EQ(load_u16(made::checksum_field(f, a)), made::sum16(both));
  }
}

TEST(Segments, may_be_taken_at_different_times) {
  made::Fields f;
  f.payload = Buffer(65'000, 3);
  const Buffer whole = made::packet(f, true);
  Segments segments;
  ASSERT_EQ(segments.begin(made::vnet(f, 500), whole), Drop::none);
  EXPECT_EQ(segments.left(), 130u);
  const auto expected = made::segments(f, 500);
  Buffer room(1500);
  for (std::size_t i = 0; i < 130; ++i) {
    ASSERT_EQ(segments.left(), 130 - i);
    ASSERT_EQ(segments.next(room), expected[i].size());
    ASSERT_TRUE(std::equal(expected[i].begin(), expected[i].end(), room.begin()));
  }
  EXPECT_EQ(segments.left(), 0u);
}

TEST(Segments, that_do_not_fit_are_passed_over) {
  made::Fields f;
  f.payload = Buffer(2500, 3);
  const Buffer whole = made::packet(f, true);
  Segments segments;
  ASSERT_EQ(segments.begin(made::vnet(f, 1000), whole), Drop::none);
  Buffer room(1000);
  EXPECT_EQ(segments.next(room), 0u);
  EXPECT_EQ(segments.next(room), 0u);
  EXPECT_EQ(room, Buffer(1000, 0));
  EXPECT_EQ(segments.next(room), 540u);
  EXPECT_EQ(to_buffer(Bytes(room).first(540)), made::segments(f, 1000)[2]);
}

struct Lie {
  const char* what;
  void (*tell)(VnetHeader& header, Buffer& packet);
};
constexpr Lie lies[] = {
    {"no size", [](VnetHeader& h, Buffer&) { h.gso_size = 0; }},
    {"old UFO", [](VnetHeader& h, Buffer&) { h.gso_type = 3; }},
    {"a type of later days", [](VnetHeader& h, Buffer&) { h.gso_type = 7; }},
    {"only the ECN bit", [](VnetHeader& h, Buffer&) { h.gso_type = VnetHeader::ecn; }},
    {"the other IP", [](VnetHeader& h, Buffer&) { h.gso_type = VnetHeader::tcp_v6; }},
    {"the other protocol", [](VnetHeader& h, Buffer&) { h.gso_type = VnetHeader::udp; }},
    {"start too early", [](VnetHeader& h, Buffer&) { h.csum_start = 0; }},
    {"start too late", [](VnetHeader& h, Buffer&) { h.csum_start = 24; }},
    {"start outside", [](VnetHeader& h, Buffer&) { h.csum_start = 65535; }},
    {"UDP's field", [](VnetHeader& h, Buffer&) { h.csum_offset = 6; }},
    {"a field outside", [](VnetHeader& h, Buffer&) { h.csum_offset = 65535; }},
    {"no packet", [](VnetHeader&, Buffer& p) { p.clear(); }},
    {"no TCP", [](VnetHeader&, Buffer& p) { p.resize(39); }},
    {"short IP header", [](VnetHeader&, Buffer& p) { p[0] = 0x44; }},
    {"long IP header", [](VnetHeader&, Buffer& p) { p[0] = 0x4F; }},
    {"no IP", [](VnetHeader&, Buffer& p) { p[0] = 0x55; }},
    {"short TCP header", [](VnetHeader&, Buffer& p) { p[32] = 0x40; }},
    {"TCP header outside",
     [](VnetHeader&, Buffer& p) {
       p.resize(60);
       p[32] = 0xF0;
     }},
    {"too long", [](VnetHeader&, Buffer& p) { p.resize(65536); }},
};

TEST(Segments, are_not_made_from_lies) {
  for (const Lie& lie : lies) {
    made::Fields f;
    f.payload = Buffer(3000, 1);
    VnetHeader header = made::vnet(f, 1000);
    Buffer whole = made::packet(f, true);
    Segments segments;
    ASSERT_EQ(segments.begin(header, whole), Drop::none);
    lie.tell(header, whole);
    EXPECT_EQ(segments.begin(header, whole), Drop::malformed) << lie.what;
    EXPECT_EQ(segments.left(), 0u) << lie.what;
  }
}

TEST(Segments, are_not_made_behind_unknown_extension_headers) {
  made::Fields f;
  f.v6 = true;
  made::extend(f);
  f.payload = Buffer(3000, 1);
  for (const int kind : {44, 50, 51, 59, 135}) {
    Buffer whole = made::packet(f, true);
    whole[40] = static_cast<std::uint8_t>(kind);
    Segments segments;
    EXPECT_EQ(segments.begin(made::vnet(f, 1000), whole), Drop::malformed) << kind;
  }
  Buffer endless = made::packet(f, true);
  endless[49] = 255;  // longer than the packet
  endless.resize(1000);
  Segments segments;
  EXPECT_EQ(segments.begin(made::vnet(f, 1000), endless), Drop::malformed);
}

// Whatever is said of a packet of whatever length, segments lie within it and within their room.
TEST(Segments, stay_in_bounds_at_every_length) {
  std::mt19937 chance(7);
  made::Fields f;
  f.payload = made::noise(65495, chance);
  const Buffer longest = made::packet(f, true);
  ASSERT_EQ(longest.size(), 65535u);
  Buffer room(1500);
  for (std::size_t size = 0; size <= longest.size(); ++size) {
    Segments segments;
    const VnetHeader header = made::vnet(f, 1460);
    const Drop verdict = segments.begin(header, Bytes(longest).first(size));
    ASSERT_EQ(verdict, size < 40 ? Drop::malformed : Drop::none) << size;
    std::size_t payload = 0;
    while (segments.left() > 0) payload += segments.next(room) - 40;
    ASSERT_EQ(payload, size < 40 ? 0 : size - 40);
  }
}

TEST(Segments, stay_in_bounds_under_random_headers) {
  std::mt19937 chance(8);
  Buffer room(1500);
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const made::Fields f = some_fields(chance);
    Buffer whole = made::packet(f, true);
    whole.resize(chance() % (whole.size() + 1));
    if (!whole.empty()) {
      whole[chance() % std::min<std::size_t>(whole.size(), 80)] ^=
          static_cast<std::uint8_t>(1u << chance() % 8);
    }
    VnetHeader header = made::vnet(f, 1 + chance() % 3000);
    const Buffer damage = made::noise(sizeof header, chance);
    const std::size_t at = chance() % (2 * sizeof header);
    if (at < sizeof header) reinterpret_cast<std::uint8_t*>(&header)[at] = damage[at];
    Segments segments;
    if (segments.begin(header, whole) != Drop::none) continue;
    ++accepted;
    for (int most = 0; segments.left() > 0 && most < 200; ++most) {
      ASSERT_LE(segments.next(room), room.size());
    }
  }
  EXPECT_GT(accepted, 4'000u);
}

TEST(FinishChecksum, finishes_what_the_kernel_began) {
  std::mt19937 chance(9);
  for (int round = 0; round < 2000; ++round) {
    const made::Fields f = some_fields(chance);
    Buffer packet = made::packet(f, true);
    VnetHeader header = made::vnet(f, 0);
    header.gso_type = VnetHeader::whole;
    ASSERT_EQ(finish_checksum(header, packet), Drop::none);
    Buffer expected = made::packet(f);
    // The kernel writes ones for zero in TCP too.
    std::uint8_t* field = made::checksum_field(f, expected);
    if (load_u16(field) == 0) store_u16(field, 0xFFFF);
    ASSERT_EQ(packet, expected) << round;
  }
}

TEST(FinishChecksum, never_says_that_there_is_none) {
  made::Fields f;
  f.udp = true;
  f.payload = {0, 0};
  Buffer packet = made::packet(f);
  store_u16(&packet[28], load_u16(made::checksum_field(f, packet)));  // now the sum is zero
  std::uint8_t* field = made::checksum_field(f, packet);
  store_u16(field, made::pseudo(f, packet));
  VnetHeader header = made::vnet(f, 0);
  header.gso_type = VnetHeader::whole;
  ASSERT_EQ(finish_checksum(header, packet), Drop::none);
  EXPECT_EQ(load_u16(field), 0xFFFF);
}

TEST(FinishChecksum, leaves_packets_alone_that_ask_for_nothing_or_lie) {
  made::Fields f;
  f.payload = Buffer(100, 1);
  const Buffer packet = made::packet(f, true);
  Buffer same = packet;
  EXPECT_EQ(finish_checksum({}, same), Drop::none);
  for (const auto& [start, offset] :
       {std::pair{0, 16}, {19, 16}, {139, 0}, {20, 119}, {65535, 65535}}) {
    VnetHeader header;
    header.flags = VnetHeader::needs_checksum;
    header.csum_start = made::u16(static_cast<std::size_t>(start));
    header.csum_offset = made::u16(static_cast<std::size_t>(offset));
    EXPECT_EQ(finish_checksum(header, same), Drop::malformed) << start << " " << offset;
  }
  EXPECT_EQ(same, packet);
}

}  // namespace
}  // namespace adit::ip
