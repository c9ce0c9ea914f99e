#include "node/instance_facts.h"

#include <gtest/gtest.h>

namespace adit::node {
namespace {

InstanceFacts example() {
  InstanceFacts facts;
  facts.role = "server";
  facts.state = "up";
  facts.title = "OpenVPN 2.6.14";
  facts.pid = 4711;
  facts.configuration = "server.conf";
  facts.started = {1'700'000'000};
  facts.now = {1'700'000'000 + 3661};
  facts.crypto = "ipsec-mb 1.3.0 (AVX2)";
  facts.replay_window = 16384;
  for (int i = 0; i < 3; ++i) facts.drops.add(Drop::unknown_peer);
  PeerFacts peer;
  peer.name = "laptop";
  peer.state = "up";
  peer.real_address = "203.0.113.2:40037";
  peer.virtual_addresses = {"10.8.0.2", "192.168.20.0/24"};
  peer.username = "jane";
  peer.cipher = "AES-256-GCM";
  peer.connected = {1'700'000'000 + 3600};
  peer.packets_received = 17;
  peer.packets_sent = 18;
  peer.bytes_received = 12'345'678;
  peer.bytes_sent = 900;
  peer.drops.add(Drop::late);
  peer.disorder = {.late = 1,
                   .repeated = 2,
                   .reordered = 3,
                   .deepest_late = 104,
                   .deepest_reordered = 60,
                   .in_fragments = 5};
  peer.mtu = {1372, "found", 1400, 1300, "echo packets inside"};
  facts.peers.push_back(peer);
  plane::LaneFacts lane;
  lane.up = {10, 440, 660'000, 0, {}};
  lane.down = {4, 6, 900, 2, {}};
  lane.down.drops.add(Drop::no_route);
  lane.link = {2, 6, 5, 220, 7, {}};
  facts.lanes = {lane, {}};
  facts.link = {true, false, "a reason"};
  facts.device.name = "tun0";
  facts.device.offloads = {true, true, false, "no USO: a reason"};
  facts.device.traffic = {10, 451, 20, 50, 3, 4};
  facts.dates = {{Expiry::Kind::authority, "ca ca.crt", {1'800'000'000}, {}},
                 {Expiry::Kind::certificate, "cert server.crt", {1'700'000'000 + 5 * 86'400}, {}}};
  facts.log = {"a line", "another \"line\""};
  return facts;
}

TEST(InstanceFacts, survive_their_json) {
  const std::string json = render_facts_json(example());
  const auto again = parse_facts(json);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(render_facts_json(*again), json);
  EXPECT_NE(json.find("\"uptime_seconds\": 3661"), std::string::npos);
  EXPECT_NE(json.find("\"out_of_order_accepted\": 3"), std::string::npos);
}

TEST(InstanceFacts, of_another_version_are_read_as_far_as_they_go) {
  const auto facts = parse_facts(R"({"role": "client", "peers": [{"name": "x"}], "new": [1]})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->role, "client");
  EXPECT_EQ(facts->peers.at(0).name, "x");
}

TEST(InstanceFacts, that_make_no_sense_are_an_error) {
  for (const char* text : {"", "{", "[]", "7", R"({"role": 7})", R"({"peers": [3]})",
                           R"({"peers": {"a": 1}})", R"({"log": [1]})"}) {
    EXPECT_FALSE(parse_facts(text)) << text;
  }
}

TEST(InstanceFacts, make_a_table) {
  const std::string table = render_facts_table(example());
  for (const char* words : {"server up, pid 4711, server.conf, up since",
                            "(1 h 1 min)",
                            "NAME",
                            "FOR",
                            "laptop",
                            "203.0.113.2:40037",
                            "10.8.0.2",
                            "12.3 MB",
                            "900 B",
                            "1 min",
                            "1372",
                            "AES-256-GCM",
                            "also 192.168.20.0/24",
                            "packets are encrypted by ipsec-mb 1.3.0 (AVX2)",
                            "tun-mtu found",
                            "path MTU 1400 to the peer, 1300 from it, found by echo packets inside",
                            "3 out of order accepted (max 60 behind)",
                            "1 late (max 104 behind)",
                            "2 duplicates",
                            "5 came in outer fragments",
                            "dropped: 1 late",
                            "tun0: offloads TSO; no USO: a reason; read 451 packets, 45.1 a call; "
                            "written 50 packets, 2.5 a call",
                            "tun0: thrown away: 3 too large, 4 malformed",
                            "lanes 0: up 660.0 kB in 440 packets, 44.0 a turn; down 900 B in 6 "
                            "packets, 1.5 a turn (2 acknowledgements replaced by later ones) "
                            "(dropped: 1 no route)",
                            "lanes 0: socket read 6 packets, 3.0 a call; written 220 packets, 44.0 "
                            "a call",
                            "lanes 0: 7 packets came while the socket's queue was full",
                            "lanes 1: up 0 B in 0 packets, 0.0 a turn",
                            "UDP: offloads GRO: a reason",
                            "nearest date: 2023-11-19 22:13 UTC, in 4 d 22 h: cert server.crt",
                            "dropped in all: 3 unknown peer"}) {
    EXPECT_NE(table.find(words), std::string::npos) << words << "\n" << table;
  }
  EXPECT_EQ(table.find("a line"), std::string::npos);
}

TEST(InstanceFacts, show_nothing_a_terminal_would_obey) {
  InstanceFacts facts = example();
  facts.peers[0].name = "\x1b[2J\xff";
  facts.configuration = "\x1b]0;x";
  const std::string table = render_facts_table(facts);
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_TRUE(parse_facts(render_facts_json(facts))) << "a bad byte does not cost the document";
}

TEST(InstanceFacts, say_when_nobody_is_there) {
  InstanceFacts facts = example();
  facts.peers.clear();
  EXPECT_NE(render_facts_table(facts).find("nobody is connected"), std::string::npos);
}

}  // namespace
}  // namespace adit::node
