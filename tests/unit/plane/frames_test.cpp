// Planes with a tap device: a switch whose ports are the peers and the tap.

#include <gtest/gtest.h>

#include "tests/unit/ip/packets.h"
#include "tests/unit/plane/planes.h"

namespace adit::plane {
namespace {

const char* const everybody = "ff:ff:ff:ff:ff:ff";
const char* const of_host = "02:00:00:00:00:01";

std::string card(PeerIndex peer) { return "02:00:00:00:01:0" + std::to_string(peer); }
ip::MacAddress mac(const std::string& text) { return *ip::MacAddress::parse(text); }

Buffer frame(const std::string& to, const std::string& from, std::optional<std::uint16_t> tag = {},
             const Buffer& payload = Buffer(46, 7)) {
  Buffer bytes;
  for (const std::string& address : {to, from}) {
    const auto six = mac(address).bytes;
    bytes.insert(bytes.end(), six.begin(), six.end());
  }
  if (tag) {
    const std::uint8_t high = static_cast<std::uint8_t>(*tag >> 8);
    bytes.insert(bytes.end(), {0x81, 0x00, high, static_cast<std::uint8_t>(*tag)});
  }
  const bool ip = !payload.empty() && payload[0] == 0x45;
  bytes.insert(bytes.end(), {static_cast<std::uint8_t>(ip ? 0x08 : 0x88),
                             ip ? std::uint8_t{0} : std::uint8_t{0xB5}});
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

PlaneSetup with_frames(PlaneSetup setup = {}) {
  setup.ethernet = true;
  return setup;
}

class Frames : public Planes {
 protected:
  void join(End& server, PeerIndex index, std::uint16_t vlan = 0) {
    Planes::join(server, index, ("10.8.0." + std::to_string(index)).c_str());
    PeerSpec spec = server.plane.spec(index);
    spec.vlan = vlan;
    server.plane.set_peer(index, spec);
    stations[{mac(card(index)), vlan}].peer = index;
    tell(server);
  }
  void tell(End& server) const {
    auto table = std::make_unique<RouteTable>();
    table->macs = MacTable(stations, 77);
    server.plane.set_routes(std::move(table));
  }
  static ports::LinkAddress place(PeerIndex index) {
    return address("203.0.113.2", static_cast<std::uint16_t>(40000 + index));
  }
  static std::set<std::uint16_t> receivers(End& end) {
    end.turn();
    std::set<std::uint16_t> ports;
    for (const auto& [datagram, to] : end.sent) ports.insert(to.remote.port);
    end.sent.clear();
    return ports;
  }

  std::map<Station, StationOwner> stations;
};
using Ports = std::set<std::uint16_t>;

TEST_F(Frames, pass_between_two_ends_as_they_are) {
  End server(with_frames(server_setup()));
  End client(with_frames());
  join(server, 0);
  start(client, 0);
  const Buffer up = frame(of_host, card(0)), down = frame(card(0), of_host);
  client.tun.to_tunnel.push_back(up);
  carry(client, server, client_at);
  ASSERT_EQ(server.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(server.tun.from_tunnel.front(), up);
  server.tun.to_tunnel.push_back(down);
  carry(server, client, server_at);
  ASSERT_EQ(client.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(client.tun.from_tunnel.front(), down);
}

TEST_F(Frames, go_to_the_client_whose_card_it_is_and_broadcasts_to_all) {
  End server(with_frames(server_setup()));
  for (const PeerIndex index : {0u, 1u, 2u}) join(server, index);
  server.tun.to_tunnel.push_back(frame(card(1), of_host));
  EXPECT_EQ(receivers(server), Ports{40001});
  server.tun.to_tunnel.push_back(frame(everybody, of_host));
  EXPECT_EQ(receivers(server), (Ports{40000, 40001, 40002}));
  server.tun.to_tunnel.push_back(frame("02:00:00:00:09:09", of_host));
  EXPECT_EQ(receivers(server), Ports{});
  EXPECT_EQ(server.plane.drops().of(Drop::no_route), 1u);
}

TEST_F(Frames, of_a_card_that_is_not_known_there_are_reported_and_handed_on_when_it_is) {
  End server(with_frames(server_setup()));
  End client(with_frames());
  join(server, 0);
  join(server, 1);
  start(client, 0);
  const std::string other = card(9);
  for (const std::string& sender : {other, card(1)}) {  // nobody's, and another client's
    client.tun.to_tunnel.push_back(frame(of_host, sender));
    carry(client, server, client_at);
    EXPECT_TRUE(server.tun.from_tunnel.empty());
    Buffer reported;
    server.plane.take_reports(10, [&](const Report& report, MutableBytes bytes) {
      EXPECT_EQ(report.kind, Report::Kind::frame);
      EXPECT_EQ(report.peer, 0u);
      reported = to_buffer(bytes);
    });
    EXPECT_EQ(reported, frame(of_host, sender));
    stations[{mac(sender), 0}].peer = 0;
    tell(server);
    ASSERT_TRUE(server.plane.send_frame(0, reported));
    server.turn();
    ASSERT_EQ(server.tun.from_tunnel.size(), 1u);
    EXPECT_EQ(server.tun.from_tunnel.front(), reported);
    server.tun.from_tunnel.clear();
    client.tun.to_tunnel.push_back(frame(of_host, sender));
    carry(client, server, client_at);
    EXPECT_EQ(server.tun.from_tunnel.size(), 1u) << "now it goes the short way";
    server.tun.from_tunnel.clear();
  }
}

TEST_F(Frames, of_unknown_cards_are_asked_about_so_often_and_no_more) {
  End server(with_frames(server_setup()));
  End client(with_frames());
  join(server, 0);
  start(client, 0);
  for (unsigned i = 0; i < 1000; ++i) {
    Buffer one = frame(of_host, card(9));
    store_u16(&one[8], static_cast<std::uint16_t>(i));
    client.tun.to_tunnel.push_back(one);
  }
  carry(client, server, client_at);
  std::size_t reported = 0;
  server.plane.take_reports(2000, [&](const Report&, MutableBytes) { ++reported; });
  EXPECT_EQ(reported, 128u);
  EXPECT_EQ(server.plane.drops(0).of(Drop::queue_full), 1000u - 128u);
  server.now += 1s;
  client.tun.to_tunnel.push_back(frame(of_host, card(9)));
  carry(client, server, client_at);
  server.plane.take_reports(2000, [&](const Report&, MutableBytes) { ++reported; });
  EXPECT_EQ(reported, 129u);
}

TEST_F(Frames, from_a_group_address_or_too_short_go_nowhere) {
  End server(with_frames(server_setup()));
  End client(with_frames());
  join(server, 0);
  start(client, 0);
  client.tun.to_tunnel.push_back(frame(of_host, everybody));
  client.tun.to_tunnel.push_back(frame(of_host, "00:00:00:00:00:00"));
  carry(client, server, client_at);
  EXPECT_TRUE(server.reports().empty());
  EXPECT_EQ(server.plane.drops(0).of(Drop::bad_source), 2u);
  client.tun.to_tunnel.push_back(Buffer(13, 2));
  carry(client, server, client_at);
  EXPECT_EQ(client.plane.drops().of(Drop::malformed), 1u);
  EXPECT_TRUE(server.tun.from_tunnel.empty());
}

TEST_F(Frames, reach_other_clients_only_with_client_to_client) {
  for (const bool meet : {false, true}) {
    stations.clear();
    End server(with_frames(server_setup(meet)));
    End client(with_frames());
    for (const PeerIndex index : {0u, 1u, 2u}) join(server, index);
    start(client, 0);
    client.tun.to_tunnel.push_back(frame(card(1), card(0)));
    carry(client, server, client_at);
    EXPECT_EQ(receivers(server), meet ? Ports{40001} : Ports{});
    EXPECT_EQ(server.tun.from_tunnel.size(), meet ? 0u : 1u);
    server.tun.from_tunnel.clear();
    client.tun.to_tunnel.push_back(frame(everybody, card(0)));
    carry(client, server, client_at);
    EXPECT_EQ(server.tun.from_tunnel.size(), 1u);
  }
}

TEST_F(Frames, that_were_held_reach_other_clients_too) {
  End server(with_frames(server_setup(true)));
  for (const PeerIndex index : {0u, 1u, 2u}) join(server, index);
  ASSERT_TRUE(server.plane.send_frame(0, frame(everybody, card(0))));
  EXPECT_EQ(receivers(server), (Ports{40001, 40002}));
  EXPECT_EQ(server.tun.from_tunnel.size(), 1u);
  ASSERT_TRUE(server.plane.send_frame(0, frame(card(2), card(0))));
  EXPECT_EQ(receivers(server), Ports{40002});
  EXPECT_EQ(server.tun.from_tunnel.size(), 1u);
}

// What stock 2.6.14 does with the same frames, with clients in VLAN 5 (the tap's own) and 7.
struct VlanCase {
  Vlans::Accept accept;
  std::optional<std::uint16_t> sent, seen_by_5, seen_by_7;  // tags; 0xFFFF: not at all
};
constexpr std::uint16_t never = 0xFFFF;

TEST_F(Frames, come_from_the_tap_into_their_vlan_alone) {
  using Accept = Vlans::Accept;
  const VlanCase cases[] = {
      {Accept::all, {}, {}, never},
      {Accept::all, 1, never, never},
      {Accept::all, 5, {}, never},
      {Accept::all, 7, never, {}},
      {Accept::all, 0, 0, never},
      {Accept::all, 0x6000, 0x6000, never},
      {Accept::all, 0x6007, never, {}},
      {Accept::tagged, {}, never, never},
      {Accept::tagged, 5, {}, never},
      {Accept::tagged, 0x6000, 0x6000, never},
      {Accept::tagged, 7, never, {}},
      {Accept::untagged, {}, {}, never},
      {Accept::untagged, 5, never, never},
      {Accept::untagged, 7, never, never},
      {Accept::untagged, 0x6000, 0x6000, never},
  };
  for (const VlanCase& one : cases) {
    stations.clear();
    PlaneSetup setup = with_frames(server_setup());
    setup.vlans = Vlans{one.accept, 5};
    End server(setup);
    join(server, 0, 5);
    join(server, 1, 7);
    End in5(with_frames()), in7(with_frames());
    start(in5, 0);
    start(in7, 1);
    server.tun.to_tunnel.push_back(frame(everybody, of_host, one.sent));
    server.turn();
    for (auto& [datagram, to] : server.sent) {
      (to.remote.port == 40000 ? in5 : in7).link.arrive(datagram, server_at);
    }
    const auto expect = [&](End& end, std::optional<std::uint16_t> tag) {
      end.turn();
      ASSERT_EQ(end.tun.from_tunnel.size(), tag == never ? 0u : 1u);
      if (tag == never) return;
      EXPECT_EQ(end.tun.from_tunnel.front(), frame(everybody, of_host, tag));
    };
    SCOPED_TRACE(testing::Message()
                 << "accept " << int(one.accept) << " tag " << (one.sent ? int(*one.sent) : -1));
    expect(in5, one.seen_by_5);
    expect(in7, one.seen_by_7);
  }
}

TEST_F(Frames, leave_through_the_tap_with_the_tag_of_their_vlan) {
  using Accept = Vlans::Accept;
  struct Case {
    Accept accept;
    std::uint16_t vlan;
    std::optional<std::uint16_t> sent, seen;
  };
  const Case cases[] = {
      {Accept::all, 5, {}, {}},
      {Accept::all, 5, 0x6000, 0x6000},
      {Accept::all, 7, {}, 7},
      {Accept::all, 7, 0x6000, 0x6007},
      {Accept::all, 7, 7, never},
      {Accept::tagged, 5, {}, 5},
      {Accept::tagged, 5, 0x6000, 0x6005},
      {Accept::untagged, 5, {}, {}},
      {Accept::untagged, 7, {}, never},
  };
  for (const Case& one : cases) {
    stations.clear();
    PlaneSetup setup = with_frames(server_setup());
    setup.vlans = Vlans{one.accept, 5};
    End server(setup);
    End client(with_frames());
    join(server, 0, one.vlan);
    start(client, 0);
    client.tun.to_tunnel.push_back(frame(of_host, card(0), one.sent));
    carry(client, server, client_at);
    if (one.seen == never) {
      EXPECT_TRUE(server.tun.from_tunnel.empty());
      continue;
    }
    ASSERT_EQ(server.tun.from_tunnel.size(), 1u);
    EXPECT_EQ(server.tun.from_tunnel.front(), frame(of_host, card(0), one.seen));
  }
}

TEST_F(Frames, do_not_cross_vlans_between_clients) {
  PlaneSetup setup = with_frames(server_setup(true));
  setup.vlans = Vlans{Vlans::Accept::all, 1};
  End server(setup);
  join(server, 0, 5);
  join(server, 1, 5);
  join(server, 2, 7);
  ASSERT_TRUE(server.plane.send_frame(0, frame(everybody, card(0))));
  EXPECT_EQ(receivers(server), Ports{40001});
  ASSERT_TRUE(server.plane.send_frame(0, frame(card(2), card(0))));
  EXPECT_EQ(receivers(server), Ports{});
}

TEST_F(Frames, have_the_mss_inside_lowered_both_ways) {
  End server(with_frames(server_setup()));
  End client(with_frames());
  join(server, 0);
  start(client, 0);
  PeerSpec spec = server.plane.spec(0);
  spec.mss = 1300;
  server.plane.set_peer(0, spec);
  ip::made::Fields syn;
  syn.flags = 2;
  syn.tcp_options = {2, 4, 0x05, 0xB4};
  const Buffer packet = ip::made::packet(syn);
  const auto mss_in = [](const Buffer& frame) { return load_u16(&frame[14 + 20 + 20 + 2]); };
  client.tun.to_tunnel.push_back(frame(of_host, card(0), {}, packet));
  carry(client, server, client_at);
  ASSERT_EQ(server.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(mss_in(server.tun.from_tunnel.front()), 1300);
  server.tun.to_tunnel.push_back(frame(card(0), of_host, {}, packet));
  carry(server, client, server_at);
  ASSERT_EQ(client.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(mss_in(client.tun.from_tunnel.front()), 1300);
}

TEST_F(Frames, of_ipv6_are_stopped_both_ways_by_what_was_pushed) {
  End server(with_frames(server_setup()));
  End client(with_frames());
  join(server, 0);
  start(client, 0);
  Buffer packet(48);
  packet[0] = 0x60;
  store_u16(&packet[4], 8);
  packet[6] = 17;
  Buffer up = frame(of_host, card(0), {}, packet), down = frame(card(0), of_host, {}, packet);
  for (Buffer* one : {&up, &down}) store_u16(&one->at(12), 0x86DD);
  for (const bool blocked : {false, true}) {
    auto rules = std::make_unique<InsideRules>();
    rules->block_ipv6 = blocked;
    client.plane.set_inside(std::move(rules));
    client.tun.to_tunnel.push_back(up);
    carry(client, server, client_at);
    EXPECT_EQ(server.tun.from_tunnel.size(), 1u);
    server.tun.to_tunnel.push_back(down);
    carry(server, client, server_at);
    EXPECT_EQ(client.tun.from_tunnel.size(), 1u);
  }
  EXPECT_EQ(client.plane.drops().of(Drop::blocked), 2u);
  EXPECT_EQ(client.plane.drops(0).of(Drop::blocked), 1u) << "of what the server sent";
}

TEST(MacTable, finds_what_was_put_and_nothing_else) {
  EXPECT_EQ(MacTable().find({mac(card(1)), 0}), no_peer);
  std::map<Station, StationOwner> stations;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    Station station;
    store_u32(&station.address.bytes[2], i);
    station.vlan = static_cast<std::uint16_t>(i % 3);
    stations[station].peer = i;
  }
  const MacTable table(stations, 4711);
  for (const auto& [station, owner] : stations) EXPECT_EQ(table.find(station), owner.peer);
  for (const auto& [station, owner] : stations) {
    EXPECT_EQ(table.find({station.address, 9}), no_peer);
  }
}

}  // namespace
}  // namespace adit::plane
