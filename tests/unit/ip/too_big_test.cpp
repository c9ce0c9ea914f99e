#include "ip/too_big.h"

#include <gtest/gtest.h>

#include "ip/checksum.h"
#include "ip/inner_packet.h"

namespace adit::ip {
namespace {

constexpr std::uint16_t dont_fragment = 0x4000, more_fragments = 0x2000;

Buffer v4(std::size_t size, std::uint16_t flags = 0, std::size_t options = 0) {
  Buffer packet(size);
  for (std::size_t i = 0; i < size; ++i) packet[i] = static_cast<std::uint8_t>(i * 7);
  packet[0] = static_cast<std::uint8_t>(0x45 + options / 4);
  store_u16(&packet[2], static_cast<std::uint16_t>(size));
  store_u16(&packet[6], flags);
  packet[9] = 17;
  std::ranges::copy(Address::parse("192.168.20.10")->bytes(), packet.begin() + 12);
  std::ranges::copy(Address::parse("192.168.1.10")->bytes(), packet.begin() + 16);
  return packet;
}

Buffer v6(std::size_t size, std::uint8_t next_header = 17) {
  Buffer packet(size, 1);
  packet[0] = 0x60;
  store_u16(&packet[4], static_cast<std::uint16_t>(size - 40));
  packet[6] = next_header;
  std::ranges::copy(Address::parse("fd00::10")->bytes(), packet.begin() + 8);
  std::ranges::copy(Address::parse("fd00::20")->bytes(), packet.begin() + 24);
  return packet;
}

std::vector<Buffer> pieces_of(Bytes packet, std::size_t mtu) {
  std::vector<Buffer> pieces;
  for (;;) {
    Buffer room(mtu);
    const std::size_t size = cut(packet, mtu, pieces.size(), room);
    if (size == 0) return pieces;
    room.resize(size);
    pieces.push_back(std::move(room));
  }
}

bool header_holds(Bytes packet) {
  return checksum_fold(checksum_add(0, packet.first((packet[0] & 15u) * 4u))) == 0;
}

Buffer body_of(const std::vector<Buffer>& pieces) {
  Buffer body;
  for (const Buffer& piece : pieces) {
    const std::size_t header = (piece[0] & 15u) * 4u;
    EXPECT_EQ((load_u16(&piece[6]) & 0x1FFFu) * 8u, body.size());
    body.insert(body.end(), piece.begin() + static_cast<long>(header), piece.end());
  }
  return body;
}

TEST(CutPacket, its_pieces_fit_and_hold_the_whole_body) {
  for (std::size_t size = 100; size <= 1500; size += 61) {
    for (const std::size_t mtu : {68u, 576u, 1248u, 1301u}) {
      const Buffer whole = v4(size);
      const auto pieces = pieces_of(whole, mtu);
      EXPECT_EQ(body_of(pieces), Buffer(whole.begin() + 20, whole.end()));
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        EXPECT_LE(pieces[i].size(), mtu);
        EXPECT_EQ(look(pieces[i])->total_length, pieces[i].size());
        EXPECT_TRUE(header_holds(pieces[i]));
        EXPECT_EQ((load_u16(&pieces[i][6]) & more_fragments) != 0, i + 1 < pieces.size());
      }
    }
  }
}

TEST(CutPacket, pieces_of_ipv6_fit_and_hold_the_whole_body) {
  for (std::size_t size = 100; size <= 1280; size += 61) {
    for (const std::size_t mtu : {68u, 576u, 1148u, 1248u}) {
      const Buffer whole = v6(size, 6);
      const auto pieces = pieces_of(whole, mtu);
      Buffer body;
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        const Buffer& piece = pieces[i];
        EXPECT_LE(piece.size(), mtu);
        EXPECT_EQ(look(piece)->total_length, piece.size());
        EXPECT_EQ(look(piece)->destination, look(whole)->destination);
        EXPECT_EQ(piece[6], 44);
        EXPECT_EQ(piece[40], 6);
        EXPECT_EQ(load_u16(&piece[42]), body.size() | (i + 1 < pieces.size() ? 1u : 0u));
        EXPECT_EQ(load_u32(&piece[44]), load_u32(&pieces[0][44])) << "one identification";
        body.insert(body.end(), piece.begin() + 48, piece.end());
      }
      EXPECT_EQ(body, Buffer(whole.begin() + 40, whole.end()));
    }
  }
  Buffer other = v6(1280, 6);
  other[60] ^= 1;
  EXPECT_NE(load_u32(&pieces_of(other, 1248)[0][44]),
            load_u32(&pieces_of(v6(1280, 6), 1248)[0][44]));
  EXPECT_TRUE(pieces_of(v6(1280), 48).empty());
}

TEST(CutPacket, a_piece_can_be_cut_again) {
  const auto first = pieces_of(v4(1400), 996);
  std::vector<Buffer> all;
  for (const Buffer& piece : first) {
    for (Buffer& smaller : pieces_of(piece, 300)) all.push_back(std::move(smaller));
  }
  const Buffer whole = v4(1400);
  EXPECT_EQ(body_of(all), Buffer(whole.begin() + 20, whole.end()));
  EXPECT_EQ(load_u16(&all.back()[6]) & more_fragments, 0);
}

TEST(CutPacket, later_pieces_carry_only_options_that_ask_for_it) {
  Buffer whole = v4(600, 0, 8);
  const std::uint8_t options[] = {7, 3, 4, 0x94, 4, 0, 0, 0};  // record route; router alert
  std::ranges::copy(options, whole.begin() + 20);
  const auto pieces = pieces_of(whole, 300);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0][20], 7);
  const std::uint8_t later[] = {1, 1, 1, 0x94, 4, 0, 0, 0};
  EXPECT_TRUE(std::ranges::equal(Bytes(pieces[1]).subspan(20, 8), later));
}

TEST(CutPacket, only_ipv4_that_allows_it_is_cut) {
  EXPECT_TRUE(may_be_cut(v4(1000)));
  EXPECT_FALSE(may_be_cut(v4(1000, dont_fragment)));
  EXPECT_TRUE(may_be_cut(v6(1280))) << "its sender can send nothing smaller";
  EXPECT_FALSE(may_be_cut(v6(1281)));
  EXPECT_FALSE(may_be_cut(v6(1000, 44))) << "a piece already";
  Buffer room(100);
  EXPECT_EQ(cut(v4(1000), 24, 0, room), 0u) << "no room for a byte";
}

TEST(TooBig, ipv4_hears_fragmentation_needed_from_where_it_wanted_to_go) {
  const Buffer packet = v4(1400, dont_fragment);
  Buffer room(1280);
  const std::size_t size = too_big_answer(packet, 1248, room);
  ASSERT_EQ(size, 576u);
  const Bytes answer = Bytes(room).first(size);
  const auto inner = look(answer);
  EXPECT_EQ(inner->source, look(packet)->destination);
  EXPECT_EQ(inner->destination, look(packet)->source);
  EXPECT_TRUE(header_holds(answer));
  EXPECT_EQ(checksum_fold(checksum_add(0, answer.subspan(20))), 0);
  EXPECT_EQ(answer[20], 3);
  EXPECT_EQ(answer[21], 4);
  EXPECT_EQ(load_u16(&answer[26]), 1248);
  EXPECT_TRUE(std::ranges::equal(answer.subspan(28), Bytes(packet).first(548)));
}

TEST(TooBig, ipv6_hears_packet_too_big_of_1280_at_least) {
  const Buffer packet = v6(1400);
  Buffer room(1280);
  for (const std::size_t mtu : {1100u, 1300u}) {
    const std::size_t size = too_big_answer(packet, mtu, room);
    ASSERT_EQ(size, 1280u);
    const Bytes answer = Bytes(room).first(size);
    EXPECT_EQ(answer[40], 2);
    EXPECT_EQ(load_u32(&answer[44]), std::max<std::size_t>(mtu, 1280));
    const std::uint64_t sum = checksum_add(1240 + 58, answer.subspan(8));
    EXPECT_EQ(checksum_fold(sum), 0);
  }
}

TEST(TooBig, some_packets_are_never_answered) {
  Buffer room(1280);
  Buffer to_many = v4(1400, dont_fragment);
  to_many[16] = 224;
  Buffer later_piece = v4(1400, dont_fragment | 100);
  Buffer error = v4(1400, dont_fragment);
  error[9] = 1;
  error[20] = 3;
  Buffer echo = error;
  echo[20] = 8;
  EXPECT_EQ(too_big_answer(to_many, 1248, room), 0u);
  EXPECT_EQ(too_big_answer(later_piece, 1248, room), 0u);
  EXPECT_EQ(too_big_answer(error, 1248, room), 0u);
  EXPECT_GT(too_big_answer(echo, 1248, room), 0u);
  Buffer error6 = v6(1400, 58);
  EXPECT_EQ(too_big_answer(error6, 1248, room), 0u);
  error6[40] = 128;
  EXPECT_GT(too_big_answer(error6, 1248, room), 0u);
  Buffer mapped = v6(1400);
  const Buffer v4_in_v6 = *from_hex("00000000000000000000ffff0a080002");
  std::ranges::copy(v4_in_v6, mapped.begin() + 8);
  EXPECT_EQ(too_big_answer(mapped, 1300, room), 0u);
  EXPECT_EQ(too_big_answer(v4(1400, dont_fragment), 1248, MutableBytes(room).first(100)), 0u);
}

}  // namespace
}  // namespace adit::ip
