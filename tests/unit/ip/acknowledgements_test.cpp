#include "ip/acknowledgements.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/ip/packets.h"

namespace adit::ip {
namespace {

// Which packets of a batch stay, by their places.
std::vector<std::size_t> kept(std::vector<Buffer> bytes) {
  std::vector<Packet> packets;
  std::vector<Packet*> pointers;
  for (Buffer& one : bytes) packets.emplace_back(one, 0, one.size());
  for (Packet& packet : packets) pointers.push_back(&packet);
  const std::vector<Buffer> before = bytes;
  const std::size_t count = keep_latest_acknowledgements(pointers);
  EXPECT_EQ(bytes, before) << "a packet was changed";
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < count; ++i) {
    places.push_back(static_cast<std::size_t>(pointers[i] - packets.data()));
  }
  return places;
}
using Places = std::vector<std::size_t>;

made::Fields connection(bool v6 = false) {
  made::Fields f;
  f.v6 = v6;
  f.tcp_options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};  // time stamps
  return f;
}

Buffer acknowledge(made::Fields f, std::uint32_t number) {
  f.acknowledged = number;
  f.id = static_cast<std::uint16_t>(number);
  return made::packet(f);
}

class Acknowledgements : public testing::TestWithParam<bool> {
 protected:
  made::Fields flow = connection(GetParam());
};
INSTANTIATE_TEST_SUITE_P(V4AndV6, Acknowledgements, testing::Bool());

TEST_P(Acknowledgements, stay_where_none_follows) {
  EXPECT_EQ(kept({}), Places{});
  EXPECT_EQ(kept({acknowledge(flow, 100)}), Places{0});
}

TEST_P(Acknowledgements, give_way_to_a_later_one) {
  EXPECT_EQ(kept({acknowledge(flow, 100), acknowledge(flow, 200), acknowledge(flow, 300)}),
            Places{2});
}

TEST_P(Acknowledgements, are_compared_round_the_end_of_numbers) {
  EXPECT_EQ(kept({acknowledge(flow, 0xFFFFFF00u), acknowledge(flow, 16)}), Places{1});
  EXPECT_EQ(kept({acknowledge(flow, 16), acknowledge(flow, 0xFFFFFF00u)}), (Places{0, 1}));
}

// Three of them make a sender send again.
TEST_P(Acknowledgements, that_say_the_same_all_stay) {
  const Buffer same = acknowledge(flow, 100);
  EXPECT_EQ(kept({same, same, same, same}), (Places{0, 1, 2, 3}));
}

TEST_P(Acknowledgements, with_another_window_replace_too) {
  made::Fields later = flow;
  later.window = 7;
  EXPECT_EQ(kept({acknowledge(flow, 100), acknowledge(later, 200)}), Places{1});
  EXPECT_EQ(kept({acknowledge(flow, 100), acknowledge(later, 100)}), (Places{0, 1}))
      << "a window that opens is news";
}

TEST_P(Acknowledgements, of_interleaved_connections_do_not_meet) {
  made::Fields other = flow, third = flow;
  other.from_port = 40001;
  third.host = 9;
  const std::vector<Buffer> batch{acknowledge(flow, 100),  acknowledge(other, 100),
                                  acknowledge(third, 100), acknowledge(third, 200),
                                  acknowledge(flow, 200),  acknowledge(other, 200)};
  const Places places = kept(batch);
  for (const std::size_t place : Places{3, 4, 5}) EXPECT_TRUE(std::ranges::count(places, place));
  EXPECT_FALSE(std::ranges::count(places, 1)) << "it has a place of its own";
}

TEST_P(Acknowledgements, leave_everything_else_alone) {
  made::Fields data = flow, udp = flow;
  data.payload.assign(10, 1);
  udp.udp = true;
  udp.payload.assign(4, 1);
  EXPECT_EQ(kept({acknowledge(data, 100), acknowledge(data, 200), made::packet(udp),
                  made::packet(udp), Buffer{}, Buffer{0x45}, Buffer(60, 0x45), Buffer(60, 0x60)}),
            (Places{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_P(Acknowledgements, that_differ_otherwise_all_stay) {
  using Change = void (*)(made::Fields&);
  const Change changes[] = {
      [](made::Fields& f) { f.sequence += 1; },
      [](made::Fields& f) { f.flags |= 0x01; },  // FIN
      [](made::Fields& f) { f.flags |= 0x04; },  // RST
      [](made::Fields& f) { f.flags |= 0x08; },  // PSH
      [](made::Fields& f) { f.flags |= 0x40; },  // ECE
      [](made::Fields& f) { f.flags |= 0x80; },  // CWR
      [](made::Fields& f) { f.tcp_options[7] = 9; },
      [](made::Fields& f) { f.tcp_options = {1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 1, 2}; },  // SACK
      [](made::Fields& f) { f.tcp_options.clear(); },
      [](made::Fields& f) { f.tos = 3; },
      [](made::Fields& f) { f.ttl = 63; },
      [](made::Fields& f) { f.urgent = 1; },
      [](made::Fields& f) { f.to_port = 80; },
      [](made::Fields& f) { f.payload.assign(1, 0); },
  };
  for (const Change change : changes) {
    made::Fields other = flow;
    change(other);
    EXPECT_EQ(kept({acknowledge(flow, 100), acknowledge(other, 200)}), (Places{0, 1}));
    EXPECT_EQ(kept({acknowledge(other, 100), acknowledge(flow, 200)}), (Places{0, 1}));
  }
}

TEST_P(Acknowledgements, that_are_broken_replace_nothing) {
  const Buffer good = acknowledge(flow, 100), later = acknowledge(flow, 200);
  for (std::size_t at = 0; at < later.size(); ++at) {
    Buffer broken = later;
    broken[at] ^= 0x10;
    EXPECT_EQ(kept({good, broken}), (Places{0, 1})) << "byte " << at;
  }
}

TEST(Acknowledgements, in_fragments_or_with_options_of_ip_stay) {
  made::Fields flow = connection();
  flow.ip_options = {1, 1, 1, 1};
  EXPECT_EQ(kept({acknowledge(flow, 100), acknowledge(flow, 200)}), (Places{0, 1}));
  flow.ip_options.clear();
  flow.fragment = 0x2000;
  EXPECT_EQ(kept({acknowledge(flow, 100), acknowledge(flow, 200)}), (Places{0, 1}));
}

TEST(Acknowledgements, of_more_connections_than_there_are_places_stay_in_order) {
  std::vector<Buffer> batch;
  for (std::uint32_t round = 1; round < 3; ++round) {
    for (std::uint16_t port = 0; port < 60; ++port) {
      made::Fields flow = connection();
      flow.from_port = static_cast<std::uint16_t>(40000 + port);
      batch.push_back(acknowledge(flow, round * 100));
    }
  }
  const Places places = kept(batch);
  EXPECT_TRUE(std::ranges::is_sorted(places));
  for (std::size_t place = 60; place < 120; ++place) {
    EXPECT_TRUE(std::ranges::count(places, place)) << "the latest of a connection";
  }
}

}  // namespace
}  // namespace adit::ip
