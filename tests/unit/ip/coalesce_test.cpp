#include "ip/coalesce.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "ip/segment.h"
#include "tests/unit/ip/packets.h"

namespace adit::ip {
namespace {

constexpr Coalescer::Kinds both{true, true};

// A batch of packets in memory of their own.
struct Batch {
  explicit Batch(const std::vector<Buffer>& bytes) : storage(bytes) {
    for (Buffer& one : storage) packets.emplace_back(one, 0, one.size());
    for (Packet& packet : packets) pointers.push_back(&packet);
  }
  std::vector<Buffer> storage;
  std::vector<Packet> packets;
  std::vector<Packet*> pointers;
};

struct Written {
  VnetHeader header;
  Buffer bytes;
  std::size_t packets;
};

std::vector<Written> joined(const std::vector<Buffer>& bytes, Coalescer::Kinds kinds = both) {
  Batch batch(bytes);
  Coalescer coalescer(kinds, batch.pointers);
  std::vector<Written> result;
  for (std::size_t i = 0; i < coalescer.runs(); ++i) {
    const auto run = coalescer.run(i);
    Buffer whole;
    for (const auto& [data, size] : run.pieces) whole.insert(whole.end(), data, data + size);
    result.push_back({run.header, whole, run.packets});
  }
  return result;
}

std::vector<std::size_t> runs(const std::vector<Buffer>& bytes, Coalescer::Kinds kinds = both) {
  std::vector<std::size_t> result;
  for (const Written& one : joined(bytes, kinds)) result.push_back(one.packets);
  return result;
}
using Runs = std::vector<std::size_t>;

// What the kernel makes of it again.
std::vector<Buffer> apart(const Written& written) {
  if (written.header.gso_type == VnetHeader::whole) return {written.bytes};
  Segments segments;
  EXPECT_EQ(segments.begin(written.header, written.bytes), Drop::none);
  std::vector<Buffer> result;
  Buffer room(9000);
  while (segments.left() > 0) {
    const std::size_t size = segments.next(room);
    result.push_back(to_buffer(Bytes(room).first(size)));
  }
  return result;
}

made::Fields stream(bool v6, bool udp = false) {
  made::Fields f;
  f.v6 = v6;
  f.udp = udp;
  f.tcp_options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
  return f;
}

// The next of a flow, as a kernel sends it.
Buffer take_next(made::Fields& f, std::size_t size) {
  f.payload.assign(size, static_cast<std::uint8_t>(f.id));
  Buffer packet = made::packet(f);
  f.sequence += static_cast<std::uint32_t>(size);
  ++f.id;
  return packet;
}

TEST(Coalescer, joins_a_stream_into_what_a_kernel_would_have_left_whole) {
  for (const bool v6 : {false, true}) {
    for (const bool udp : {false, true}) {
      made::Fields f = stream(v6, udp);
      made::Fields whole = f;
      std::vector<Buffer> packets;
      for (int i = 0; i < 40; ++i) {
        packets.push_back(take_next(f, 1348));
        whole.payload.insert(whole.payload.end(), f.payload.begin(), f.payload.end());
      }
      const auto written = joined(packets);
      ASSERT_EQ(written.size(), 1u);
      const VnetHeader expected = made::vnet(whole, 1348);
      EXPECT_EQ(std::memcmp(&written[0].header, &expected, sizeof expected), 0);
      EXPECT_EQ(written[0].bytes, made::packet(whole, true));
      EXPECT_EQ(apart(written[0]), packets);
    }
  }
}

constexpr Coalescer::Kinds frames{true, true, true};

// In an Ethernet frame, with a tag or without.
Buffer framed(const Buffer& packet, std::uint8_t sender = 2, bool tagged = false) {
  Buffer frame{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, sender};
  if (tagged) frame.insert(frame.end(), {0x81, 0x00, 0x00, 0x07});
  const bool v6 = packet[0] >> 4 == 6;
  frame.insert(frame.end(), {static_cast<std::uint8_t>(v6 ? 0x86 : 0x08),
                             static_cast<std::uint8_t>(v6 ? 0xDD : 0x00)});
  frame.insert(frame.end(), packet.begin(), packet.end());
  return frame;
}

TEST(Coalescer, joins_frames_with_one_header_in_front) {
  for (const bool v6 : {false, true}) {
    for (const bool tagged : {false, true}) {
      const std::uint16_t link = tagged ? 18 : 14;
      made::Fields f = stream(v6), whole = f;
      std::vector<Buffer> packets;
      for (int i = 0; i < 10; ++i) {
        packets.push_back(framed(take_next(f, 1348), 2, tagged));
        whole.payload.insert(whole.payload.end(), f.payload.begin(), f.payload.end());
      }
      const auto written = joined(packets, frames);
      ASSERT_EQ(written.size(), 1u);
      VnetHeader expected = made::vnet(whole, 1348);
      expected.csum_start = static_cast<std::uint16_t>(expected.csum_start + link);
      expected.hdr_len = static_cast<std::uint16_t>(expected.hdr_len + link);
      EXPECT_EQ(std::memcmp(&written[0].header, &expected, sizeof expected), 0);
      EXPECT_EQ(written[0].bytes, framed(made::packet(whole, true), 2, tagged));
    }
  }
}

TEST(Coalescer, keeps_frames_of_other_cards_vlans_and_protocols_apart) {
  made::Fields f = stream(false);
  const Buffer one = take_next(f, 1000), two = take_next(f, 1000), three = take_next(f, 1000);
  EXPECT_EQ(runs({framed(one), framed(two), framed(three)}, frames), Runs{3});
  EXPECT_EQ(runs({framed(one), framed(two, 3), framed(three)}, frames), (Runs{1, 1, 1}));
  EXPECT_EQ(runs({framed(one), framed(two, 2, true)}, frames), (Runs{1, 1}));
  const Buffer arp(42, 6), tiny(5, 0);
  EXPECT_EQ(runs({framed(one), arp, framed(two), tiny, Buffer(), framed(three)}, frames),
            (Runs{3, 1, 1, 1}));
  Buffer filled = framed(take_next(f, 1000));
  filled.resize(filled.size() + 2);
  EXPECT_EQ(runs({framed(one), filled}, frames), (Runs{1, 1}));
}

TEST(Coalescer, writes_a_lone_packet_as_it_is) {
  made::Fields f = stream(false);
  const Buffer packet = take_next(f, 100);
  const auto written = joined({packet});
  ASSERT_EQ(written.size(), 1u);
  const VnetHeader zero;
  EXPECT_EQ(std::memcmp(&written[0].header, &zero, sizeof zero), 0);
  EXPECT_EQ(written[0].bytes, packet);
}

TEST(Coalescer, ends_with_a_shorter_packet) {
  for (const bool udp : {false, true}) {
    made::Fields f = stream(false, udp);
    std::vector<Buffer> packets;
    for (const std::size_t size : {1000u, 1000u, 300u, 1000u, 1000u, 1001u}) {
      packets.push_back(take_next(f, size));
    }
    EXPECT_EQ(runs(packets), (Runs{3, 2, 1}));
  }
}

TEST(Coalescer, ends_with_a_pushed_packet_and_keeps_the_push) {
  made::Fields f = stream(true);
  std::vector<Buffer> packets;
  for (int i = 0; i < 6; ++i) {
    f.flags = i % 3 == 2 ? 0x18 : 0x10;
    packets.push_back(take_next(f, 1000));
  }
  const auto written = joined(packets);
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(written[0].bytes[53], 0x18);
  std::vector<Buffer> again = apart(written[0]);
  for (Buffer& one : apart(written[1])) again.push_back(std::move(one));
  EXPECT_EQ(again, packets);
}

TEST(Coalescer, never_exceeds_what_a_length_can_say) {
  for (const bool v6 : {false, true}) {
    made::Fields f = stream(v6);
    f.payload.clear();
    std::vector<Buffer> packets;
    for (int i = 0; i < 100; ++i) packets.push_back(take_next(f, 1400));
    std::size_t sum = 0;
    for (const Written& one : joined(packets)) {
      EXPECT_LE(one.bytes.size(), 65535u);
      sum += one.packets;
    }
    EXPECT_EQ(sum, 100u);
    EXPECT_EQ(runs(packets).front(), 46u);
  }
}

TEST(Coalescer, joins_at_most_64_datagrams) {
  made::Fields f = stream(true, true);
  std::vector<Buffer> packets;
  for (int i = 0; i < 100; ++i) packets.push_back(take_next(f, 50));
  EXPECT_EQ(runs(packets), (Runs{64, 36}));
}

TEST(Coalescer, joins_flows_that_are_interleaved) {
  std::vector<made::Fields> flows;
  for (std::uint8_t i = 0; i < 12; ++i) {
    flows.push_back(stream(i % 2 != 0, i % 4 > 1));
    flows.back().from_port = static_cast<std::uint16_t>(5000 + i);
  }
  std::vector<Buffer> packets;
  for (int i = 0; i < 10; ++i) {
    for (auto& flow : flows) packets.push_back(take_next(flow, 500));
  }
  EXPECT_EQ(runs(packets), Runs(12, 10));
}

TEST(Coalescer, forgets_the_flow_that_waited_longest) {
  std::vector<Buffer> packets;
  std::vector<made::Fields> flows;
  for (std::uint8_t i = 0; i < 17; ++i) {
    flows.push_back(stream(false));
    flows.back().host = i;
  }
  for (int i = 0; i < 5; ++i) {
    for (auto& flow : flows) packets.push_back(take_next(flow, 500));
  }
  EXPECT_EQ(runs(packets), Runs(17 * 5, 1));  // each has been forgotten when it comes again
}

// Each stands between two packets that would join, and must neither join nor be overtaken.
struct Difference {
  const char* what;
  void (*make)(made::Fields& f);
  bool udp = false, v6 = false;
};
constexpr Difference differences[] = {
    {"another acknowledgement", [](made::Fields& f) { ++f.acknowledged; }},
    {"another window", [](made::Fields& f) { ++f.window; }},
    {"another urgent pointer", [](made::Fields& f) { ++f.urgent; }},
    {"another time stamp", [](made::Fields& f) { ++f.tcp_options[7]; }},
    {"more options", [](made::Fields& f) { f.tcp_options.resize(16); }},
    {"no options", [](made::Fields& f) { f.tcp_options.clear(); }},
    {"a gap", [](made::Fields& f) { ++f.sequence; }},
    {"the same again", [](made::Fields& f) { f.sequence -= 1000; }},
    {"FIN", [](made::Fields& f) { f.flags |= 1; }},
    {"SYN", [](made::Fields& f) { f.flags |= 2; }},
    {"RST", [](made::Fields& f) { f.flags |= 4; }},
    {"URG", [](made::Fields& f) { f.flags |= 0x20; }},
    {"ECE", [](made::Fields& f) { f.flags |= 0x40; }},
    {"CWR", [](made::Fields& f) { f.flags |= 0x80; }},
    {"no ACK", [](made::Fields& f) { f.flags = 0; }},
    {"nothing in it", [](made::Fields& f) { f.payload.clear(); }},
    {"another type of service", [](made::Fields& f) { f.tos = 4; }},
    {"congestion experienced", [](made::Fields& f) { f.tos = 3; }},
    {"another time to live", [](made::Fields& f) { --f.ttl; }},
    {"may be fragmented", [](made::Fields& f) { f.fragment = 0; }},
    {"the reserved bit", [](made::Fields& f) { f.fragment = 0xC000; }},
    {"a first fragment", [](made::Fields& f) { f.fragment = 0x2000; }},
    {"a later fragment", [](made::Fields& f) { f.fragment = 5; }},
    {"an identification out of order", [](made::Fields& f) { f.id += 7; }},
    {"IP options",
     [](made::Fields& f) {
       f.ip_options = {1, 1, 1, 1};
     }},
    {"another traffic class", [](made::Fields& f) { f.tos = 4; }, false, true},
    {"another flow label", [](made::Fields& f) { ++f.flow_label; }, false, true},
    {"another hop limit", [](made::Fields& f) { --f.ttl; }, false, true},
    {"extension headers", [](made::Fields& f) { made::extend(f); }, false, true},
    {"UDP: another type of service", [](made::Fields& f) { f.tos = 4; }, true},
    {"UDP: another time to live", [](made::Fields& f) { --f.ttl; }, true},
    {"UDP: an identification out of order", [](made::Fields& f) { f.id += 7; }, true},
    {"UDP: a fragment", [](made::Fields& f) { f.fragment = 0x2000; }, true},
    {"UDP: nothing in it", [](made::Fields& f) { f.payload.clear(); }, true},
    {"UDP: more in it", [](made::Fields& f) { f.payload.resize(1001); }, true},
    {"UDP: extension headers", [](made::Fields& f) { made::extend(f); }, true, true},
};

TEST(Coalescer, joins_nothing_that_differs) {
  for (const Difference& difference : differences) {
    made::Fields f = stream(difference.v6, difference.udp);
    std::vector<Buffer> packets{take_next(f, 1000), take_next(f, 1000)};
    f.payload.assign(1000, 5);
    difference.make(f);
    packets.push_back(made::packet(f));
    const auto written = joined(packets);
    ASSERT_EQ(written.size(), 2u) << difference.what;
    EXPECT_EQ(written[0].packets, 2u) << difference.what;
    EXPECT_EQ(written[1].bytes, packets[2]) << difference.what;
  }
}

// What comes behind such a packet may not join what was before it.
TEST(Coalescer, lets_nothing_overtake_in_its_flow) {
  for (const Difference& difference : differences) {
    made::Fields f = stream(difference.v6, difference.udp);
    std::vector<Buffer> packets{take_next(f, 1000)};
    made::Fields odd = f;
    odd.payload.assign(1000, 5);
    difference.make(odd);
    packets.push_back(made::packet(odd));
    ++f.id;
    packets.push_back(take_next(f, 1000));
    std::vector<Buffer> again;
    for (const Written& one : joined(packets)) {
      for (Buffer& packet : apart(one)) again.push_back(std::move(packet));
    }
    EXPECT_EQ(again, packets) << difference.what;
  }
}

Buffer make_echo(const made::Fields& f) {
  Buffer packet = made::ip_header(f, 64);
  packet.resize(64);
  packet[9] = 1;
  return packet;
}

TEST(Coalescer, lets_other_flows_pass) {
  made::Fields f = stream(false), other = stream(false);
  other.to_port = 80;
  other.flags = 2;
  std::vector<Buffer> packets{take_next(f, 1000), take_next(other, 0), take_next(f, 1000)};
  Buffer ping = make_echo(f);
  packets.push_back(ping);
  packets.push_back(take_next(f, 1000));
  EXPECT_EQ(runs(packets), (Runs{3, 1, 1}));
}

TEST(Coalescer, knows_identifications_that_stay) {
  made::Fields f = stream(false, true);
  f.id = 0;
  std::vector<Buffer> packets;
  for (int i = 0; i < 4; ++i) {
    packets.push_back(take_next(f, 100));
    f.id = 0;
  }
  EXPECT_EQ(runs(packets), (Runs{4}));
  f.id = 4;  // it neither stays nor would it be the next
  packets.push_back(take_next(f, 100));
  EXPECT_EQ(runs(packets), (Runs{4, 1}));
  packets.clear();
  f.fragment = 0;  // here they have a meaning
  for (int i = 0; i < 4; ++i) {
    f.id = 0;
    packets.push_back(take_next(f, 100));
  }
  EXPECT_EQ(runs(packets), (Runs{1, 1, 1, 1}));
}

TEST(Coalescer, mends_nothing) {
  for (const bool v6 : {false, true}) {
    for (const bool udp : {false, true}) {
      for (std::size_t broken = 0; broken < 3; ++broken) {
        made::Fields f = stream(v6, udp);
        std::vector<Buffer> packets;
        for (int i = 0; i < 3; ++i) packets.push_back(take_next(f, 1001));
        packets[broken].back() ^= 4;
        const auto written = joined(packets);
        std::vector<Buffer> again;
        for (const Written& one : written) {
          for (Buffer& packet : apart(one)) again.push_back(std::move(packet));
        }
        EXPECT_EQ(again, packets);
        EXPECT_EQ(written.size(), broken == 1 ? 3u : 2u);
      }
    }
  }
}

TEST(Coalescer, does_not_mend_an_ip_header_either) {
  made::Fields f = stream(false);
  std::vector<Buffer> packets;
  for (int i = 0; i < 3; ++i) packets.push_back(take_next(f, 1000));
  packets[0][10] ^= 1;
  EXPECT_EQ(runs(packets), (Runs{1, 2}));
}

TEST(Coalescer, leaves_datagrams_without_checksum_alone) {
  for (const bool v6 : {false, true}) {
    made::Fields f = stream(v6, true);
    std::vector<Buffer> packets;
    for (int i = 0; i < 3; ++i) {
      packets.push_back(take_next(f, 100));
      store_u16(made::checksum_field(f, packets.back()), 0);
    }
    EXPECT_EQ(runs(packets), (Runs{1, 1, 1}));
  }
}

TEST(Coalescer, joins_only_the_kinds_it_may) {
  made::Fields tcp = stream(false), udp = stream(true, true);
  std::vector<Buffer> packets;
  for (int i = 0; i < 3; ++i) {
    packets.push_back(take_next(tcp, 100));
    packets.push_back(take_next(udp, 100));
  }
  EXPECT_EQ(runs(packets, {true, false}), (Runs{3, 1, 1, 1}));
  EXPECT_EQ(runs(packets, {false, true}), (Runs{1, 3, 1, 1}));
  EXPECT_EQ(runs(packets, {false, false}), Runs(6, 1));
}

TEST(Coalescer, reads_no_further_than_packets_go) {
  made::Fields f = stream(false);
  const Buffer first = take_next(f, 1000), second = take_next(f, 1000);
  made::Fields g = stream(true, true);
  const Buffer third = take_next(g, 1000), fourth = take_next(g, 1000);
  for (std::size_t size = 0; size < 80; ++size) {
    std::vector<Buffer> packets{first, second, third, fourth};
    packets[1].resize(size);
    packets[3].resize(size);
    EXPECT_EQ(runs(packets), Runs(4, 1)) << size;
  }
}

// Any mixture: every byte comes out again, and each flow in its order.
TEST(Coalescer, and_splitting_again_change_nothing) {
  std::mt19937 chance(11);
  std::size_t packets_in = 0, runs_out = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<made::Fields> flows;
    for (std::uint8_t i = 0; i < 1 + chance() % 20; ++i) {
      made::Fields f = stream(chance() % 2 != 0, chance() % 2 != 0);
      f.from_port = static_cast<std::uint16_t>(1000 + i);
      f.sequence = static_cast<std::uint32_t>(chance());
      f.id = static_cast<std::uint16_t>(chance());
      flows.push_back(f);
    }
    std::map<std::uint16_t, std::vector<Buffer>> sent, received;
    std::vector<Buffer> packets;
    const std::size_t count = chance() % (Coalescer::most_packets + 1);
    const std::size_t size = 1 + chance() % 1400;
    while (packets.size() < count) {
      made::Fields& f = flows[chance() % flows.size()];
      made::Fields odd = f;
      const bool differs = chance() % 20 == 0;
      if (differs) {
        const Difference& difference = differences[chance() % std::size(differences)];
        if (difference.udp == f.udp && difference.v6 == f.v6) difference.make(odd);
      }
      f.flags = odd.flags = chance() % 15 == 0 ? 0x18 : odd.flags;
      packets.push_back(take_next(odd, chance() % 10 == 0 ? chance() % size : size));
      if (chance() % 40 == 0) packets.back().back() ^= 1;
      f.sequence = odd.sequence;
      f.id = odd.id;
      f.flags = 0x10;
      sent[f.from_port].push_back(packets.back());
    }
    const auto port_of = [&](const Buffer& packet) {
      for (const auto& [port, list] : sent) {
        if (std::ranges::find(list, packet) != list.end()) return port;
      }
      return std::uint16_t{0};
    };
    for (const Written& one : joined(packets)) {
      ++runs_out;
      for (Buffer& packet : apart(one)) received[port_of(packet)].push_back(std::move(packet));
    }
    packets_in += packets.size();
    ASSERT_EQ(received, sent) << round;
  }
  EXPECT_LT(runs_out * 3, packets_in);  // and something was joined
}

}  // namespace
}  // namespace adit::ip
