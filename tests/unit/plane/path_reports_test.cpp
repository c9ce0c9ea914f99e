// What the lanes tell of the path to a peer.

#include <gtest/gtest.h>

#include "ip/echo.h"
#include "ip/too_big.h"
#include "tests/unit/plane/planes.h"

namespace adit::plane {
namespace {

constexpr std::uint64_t mark = 0xFEDCBA9876543210u;

// Turns echo requests that came out of the tunnel into answers that go in.
void answer_echoes(End& host) {
  for (const Buffer& request : host.tun.from_tunnel) {
    if (const auto answer = sim::echo_answer(request)) host.tun.to_tunnel.push_back(*answer);
  }
  host.tun.from_tunnel.clear();
}

Buffer echo(std::uint64_t with_mark, std::uint16_t sequence, std::size_t bytes) {
  return ip::echo_request(
      {*ip::Address::parse("10.8.0.1"), *ip::Address::parse("10.8.0.2"), with_mark, sequence},
      bytes);
}

std::vector<std::pair<Report, Buffer>> reports_of(End& end) {
  std::vector<std::pair<Report, Buffer>> seen;
  end.plane.take_reports(100, [&](const Report& report, MutableBytes bytes) {
    seen.emplace_back(report, Buffer(bytes.begin(), bytes.end()));
  });
  return seen;
}

class PathReports : public Planes {
 protected:
  PathReports() : server_(server_setup()), client_(PlaneSetup()) {
    join(server_, 0, "10.8.0.2");
    start(client_, 0);
  }
  void set_server_peer(std::uint64_t echo_mark, bool note_flows) {
    PeerSpec spec;
    spec.address = client_at;
    spec.check_source = true;
    spec.echo_mark = echo_mark;
    spec.note_flows = note_flows;
    server_.plane.set_peer(0, spec);
  }

  End server_, client_;
};

TEST_F(PathReports, an_echo_of_ours_is_told_and_does_not_leave_the_tunnel) {
  set_server_peer(mark, false);
  ASSERT_TRUE(server_.plane.send_payload(0, echo(mark, 300, 1200)));
  server_.tun.to_tunnel.push_back(echo(mark + 1, 4, 100));  // somebody's ping
  carry(server_, client_, server_at);
  ASSERT_EQ(client_.tun.from_tunnel.size(), 2u);
  answer_echoes(client_);
  carry(client_, server_, client_at);
  ASSERT_EQ(server_.tun.from_tunnel.size(), 1u) << "the other's answer is the other's";
  EXPECT_EQ(server_.tun.from_tunnel.front().size(), 100u);
  const auto reports = reports_of(server_);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].first.kind, Report::Kind::echo);
  EXPECT_EQ(load_u16(&reports[0].second[0]), 300);
  EXPECT_EQ(load_u16(&reports[0].second[2]), 1200);
}

TEST_F(PathReports, an_echo_that_nobody_awaits_goes_on) {
  server_.tun.to_tunnel.push_back(echo(mark, 1, 100));
  carry(server_, client_, server_at);
  answer_echoes(client_);
  carry(client_, server_, client_at);
  EXPECT_EQ(server_.tun.from_tunnel.size(), 1u);
  EXPECT_TRUE(reports_of(server_).empty());
}

// A TCP segment from port to port.
Buffer segment(std::uint16_t port, std::uint32_t sequence, std::size_t bytes) {
  Buffer tcp = packet("10.8.0.2", "10.8.0.1");
  tcp.resize(bytes, 9);
  store_u16(&tcp[2], static_cast<std::uint16_t>(bytes));
  tcp[6] = 0x40;
  tcp[9] = 6;
  store_u16(&tcp[20], port);
  store_u16(&tcp[22], 80);
  store_u32(&tcp[24], sequence);
  tcp[32] = 0x80;  // 32 bytes of header
  tcp[33] = 0x10;
  return tcp;
}

TEST_F(PathReports, flows_are_told_with_a_sequence_number_that_is_under_way) {
  set_server_peer(0, true);
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{5001, 5002, 5003}) {
    const std::size_t size = port == 5003 ? 1200 : 1400;
    client_.tun.to_tunnel.push_back(segment(port, 1000, size));
    client_.tun.to_tunnel.push_back(segment(port, 2348, size));
    client_.tun.to_tunnel.push_back(segment(port, 3696, 300));
  }
  carry(client_, server_, client_at);
  server_.plane.ask_flows(0, 1248);
  server_.turn();
  const auto reports = reports_of(server_);
  ASSERT_EQ(reports.size(), 2u) << "those of 1400 bytes";
  for (const auto& [report, bytes] : reports) {
    EXPECT_EQ(report.kind, Report::Kind::flow);
    const Buffer rebuilt = LargeFlow::rebuild(bytes, 900);
    ASSERT_EQ(rebuilt.size(), 1400u);
    EXPECT_EQ(load_u32(&rebuilt[24]), 2348u + 1400 - 20 - 32 + 900);
    std::array<std::uint8_t, 1280> room;
    const std::size_t size = ip::too_big_answer(rebuilt, 1248, room);
    ASSERT_GT(size, 56u);
    EXPECT_EQ(load_u32(&room[16]), load_u32(&rebuilt[12])) << "to the sender";
    EXPECT_EQ(load_u16(&room[26]), 1248);
    EXPECT_EQ(load_u16(&room[28 + 20]), load_u16(&rebuilt[20])) << "quotes its port";
  }
}

TEST_F(PathReports, flows_are_told_once_and_only_of_the_peer_that_was_asked_for) {
  set_server_peer(0, true);
  client_.tun.to_tunnel.push_back(segment(5001, 1000, 1400));
  carry(client_, server_, client_at);
  server_.plane.ask_flows(1, 0);
  server_.turn();
  EXPECT_TRUE(reports_of(server_).empty());
  server_.plane.ask_flows(0, 0);
  server_.turn();
  server_.turn();
  EXPECT_EQ(reports_of(server_).size(), 1u);
}

TEST_F(PathReports, flows_are_bounded_whatever_comes) {
  set_server_peer(0, true);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    Buffer strange = segment(static_cast<std::uint16_t>(i), i, 1001 + i % 400);
    strange[9] = static_cast<std::uint8_t>(i % 7 == 0 ? 6 : i);
    strange[32] = static_cast<std::uint8_t>(i);  // also data offsets beyond the packet
    if (i % 5 == 0) strange[6] = 0x20;
    client_.tun.to_tunnel.push_back(strange);
    if (i % 50 == 0) carry(client_, server_, client_at);
  }
  carry(client_, server_, client_at);
  server_.plane.ask_flows(0, 0);
  server_.turn();
  const auto reports = reports_of(server_);
  EXPECT_GT(reports.size(), 10u);
  EXPECT_LE(reports.size(), 64u);
}

TEST(LargeFlow, what_is_no_head_of_a_packet_is_not_rebuilt) {
  EXPECT_TRUE(LargeFlow::rebuild({}, 0).empty());
  Buffer encoded(2 + 28);
  store_u16(encoded.data(), 1400);
  EXPECT_TRUE(LargeFlow::rebuild(encoded, 0).empty()) << "no version";
  encoded[2] = 0x45;
  EXPECT_EQ(LargeFlow::rebuild(encoded, 0).size(), 1400u);
  store_u16(encoded.data(), 27);
  EXPECT_TRUE(LargeFlow::rebuild(encoded, 0).empty()) << "less than its head";
  encoded[2] = 0x60;
  store_u16(encoded.data(), 1400);
  EXPECT_TRUE(LargeFlow::rebuild(encoded, 0).empty()) << "too short a head";
}

TEST_F(PathReports, what_does_not_arrive_is_told_once_a_second) {
  const ip::Endpoint gone{*ip::Address::parse("203.0.113.2"), 1194};
  for (int i = 0; i < 50; ++i) {
    server_.link.error = ports::LinkError{gone, ECONNREFUSED, 7};
    server_.turn();
  }
  const auto reports = reports_of(server_);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].first.kind, Report::Kind::not_reached);
  EXPECT_EQ(reports[0].first.from.remote, gone);
  EXPECT_EQ(load_u32(&reports[0].second[0]), static_cast<std::uint32_t>(ECONNREFUSED));
  EXPECT_EQ(load_u32(&reports[0].second[4]), 7u);
}

TEST_F(PathReports, hints_of_the_network_are_few_a_second) {
  for (std::uint16_t port = 0; port < 200; ++port) {
    server_.link.too_large.push_back({{*ip::Address::parse("203.0.113.2"), port, 0}, 1300});
  }
  for (int i = 0; i < 50; ++i) server_.turn();
  const auto reports = reports_of(server_);
  EXPECT_EQ(reports.size(), 32u);
  EXPECT_EQ(reports[0].first.kind, Report::Kind::too_large);
  EXPECT_EQ(load_u32(&reports[0].second[0]), 1300u);
}

}  // namespace
}  // namespace adit::plane
