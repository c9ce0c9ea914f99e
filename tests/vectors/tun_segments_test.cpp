// Packets that scapy made one by one, and we from the whole; and the other way round.

#include <gtest/gtest.h>

#include "ip/coalesce.h"
#include "ip/segment.h"
#include "tests/vectors/vectors.h"

namespace adit::vectors {
namespace {

ip::VnetHeader header_of(const nlohmann::json& one) {
  ip::VnetHeader header;
  header.flags = ip::VnetHeader::needs_checksum;
  header.gso_type = one.at("gso_type");
  header.gso_size = one.at("gso_size");
  header.csum_start = one.at("csum_start");
  header.csum_offset = one.at("csum_offset");
  header.hdr_len = one.at("hdr_len");
  return header;
}

std::vector<Buffer> segments_of(const nlohmann::json& one) {
  std::vector<Buffer> segments;
  for (const auto& hex : one.at("segments")) segments.push_back(*from_hex(hex.get<std::string>()));
  return segments;
}

TEST(TunSegments, are_what_scapy_makes) {
  for (const auto& one : load("tun-segments.json").at("cases")) {
    const Buffer whole = bytes(one, "whole");
    ip::Segments segments;
    ASSERT_EQ(segments.begin(header_of(one), whole), Drop::none) << one.at("name");
    std::vector<Buffer> made;
    Buffer room(1500);
    while (segments.left() > 0) {
      const std::size_t size = segments.next(room);
      made.push_back(to_buffer(Bytes(room).first(size)));
    }
    EXPECT_EQ(made, segments_of(one)) << one.at("name");
  }
}

TEST(TunSegments, of_scapy_join_into_the_whole) {
  std::size_t joined = 0;
  for (const auto& one : load("tun-segments.json").at("cases")) {
    std::vector<Buffer> storage = segments_of(one);
    std::vector<Packet> packets;
    std::vector<Packet*> pointers;
    for (Buffer& segment : storage) packets.emplace_back(segment, 0, segment.size());
    for (Packet& packet : packets) pointers.push_back(&packet);
    ip::Coalescer coalescer({true, true}, pointers);
    if (!one.at("joined")) {
      EXPECT_GT(coalescer.runs(), 1u) << one.at("name");
      continue;
    }
    ASSERT_EQ(coalescer.runs(), 1u) << one.at("name");
    const auto run = coalescer.run(0);
    Buffer whole;
    for (const auto& [data, size] : run.pieces) whole.insert(whole.end(), data, data + size);
    EXPECT_EQ(whole, bytes(one, "whole")) << one.at("name");
    EXPECT_EQ(run.header.gso_size, header_of(one).gso_size);
    EXPECT_EQ(run.header.hdr_len, header_of(one).hdr_len);
    ++joined;
  }
  EXPECT_EQ(joined, 10u);
}

}  // namespace
}  // namespace adit::vectors
