// A peer that answers no questions inside the data channel, as OpenVPN 3 does not, but whose host
// answers pings: two data planes, and a wire that loses what is large.

#include <gtest/gtest.h>

#include "node/peer_path.h"
#include "tests/unit/plane/planes.h"

namespace adit::node {
namespace {

using namespace std::chrono_literals;
using plane::End;
using plane::PeerSpec;
using PathState = session::PathMtu::State;

constexpr unsigned outer_headers = 28;

class SilentPeer : public plane::Planes {
 protected:
  SilentPeer() : server_(server_setup()), client_(plane::PlaneSetup()) {
    join(server_, 0, "10.8.0.2");
    start(client_, 0);
    setup_.frame.cipher = crypto::find_cipher("AES-256-GCM");
    add_echo_way(setup_.echo_ways, ip::Address::parse("10.8.0.1"), ip::Address::parse("10.8.0.2"));
    setup_.echo_mark = 0x1234567890ABCDEFu;
    setup_.at_once = true;
    mtu_.automatic = true;
    path_.start(mtu_, setup_, server_.plane, 0, server_.now);
    fit();
  }

  void fit() {
    spec_ = {};
    spec_.address = client_at;
    spec_.check_source = true;
    fit_path(spec_, setup_.frame, mtu_, path_.finder());
    server_.plane.set_peer(0, spec_);
  }

  void pass(Duration time) {
    for (const Instant end = server_.now + time; server_.now < end;) {
      server_.now = client_.now = server_.now + 10ms;
      if (path_.run(server_.plane, 0, server_.now)) fit();
      over_the_wire(server_, client_, server_at);
      host_answers();
      over_the_wire(client_, server_, client_at);
      server_.plane.take_reports(100, [&](const plane::Report& report, MutableBytes bytes) {
        if (report.kind == plane::Report::Kind::echo) path_.echoed(bytes, server_.now);
      });
      client_.plane.take_reports(100, [](const plane::Report&, MutableBytes) {});  // deaf
    }
  }

  void over_the_wire(End& from, End& to, const ports::LinkAddress& seen_from) {
    from.turn();
    for (auto& [datagram, target] : from.sent) {
      if (datagram.size() + outer_headers <= wire_) to.link.arrive(datagram, seen_from);
    }
    from.sent.clear();
    to.turn();
  }

  void host_answers() {
    for (const Buffer& packet : client_.tun.from_tunnel) {
      const auto answer = sim::echo_answer(packet);
      if (answer && answers_pings_) client_.tun.to_tunnel.push_back(*answer);
    }
    client_.tun.from_tunnel.clear();
  }

  End server_, client_;
  MtuSetup mtu_;
  session::PathMtu::Setup setup_;
  PeerPath path_;
  PeerSpec spec_;
  unsigned wire_ = 1300;
  bool answers_pings_ = true;
};

TEST_F(SilentPeer, is_measured_by_echo_packets_inside) {
  pass(1s);
  EXPECT_EQ(path_.finder().state(), PathState::settled);
  EXPECT_EQ(path_.finder().found(), (session::PathMtu::Found{1300, 1300}));
  EXPECT_TRUE(path_.finder().found_by_echo());
  EXPECT_EQ(spec_.inner_most, 1300u - outer_headers - 24);
  EXPECT_EQ(spec_.mss, 1300 - outer_headers - 24 - 40);
  EXPECT_TRUE(server_.tun.from_tunnel.empty()) << "no answer of ours reaches the host";
  EXPECT_EQ(server_.plane.traffic(0).received_inside_bytes, 0u) << "nor is it a user's traffic";
}

TEST_F(SilentPeer, that_answers_no_pings_gets_the_usual_sizes) {
  answers_pings_ = false;
  pass(12s);
  EXPECT_EQ(path_.finder().state(), PathState::silent);
  EXPECT_EQ(spec_.inner_most, 1500u - outer_headers - 24);
  EXPECT_EQ(spec_.echo_mark, 0u);
}

TEST(EchoWays, join_two_addresses_of_one_family) {
  std::vector<session::PathMtu::EchoWay> ways;
  const auto v4 = ip::Address::parse("10.8.0.1");
  const auto v6 = ip::Address::parse("fd00::1");
  add_echo_way(ways, v4, std::nullopt);
  add_echo_way(ways, std::nullopt, v4);
  add_echo_way(ways, v4, v6);
  EXPECT_TRUE(ways.empty());
  add_echo_way(ways, v6, v6);
  EXPECT_EQ(ways.size(), 1u);
}

}  // namespace
}  // namespace adit::node
