// The data plane on queues in memory: two planes back to back.

#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/ip/packets.h"
#include "tests/unit/plane/planes.h"
#include "wire/inside_message.h"
#include "wire/opcode.h"

namespace adit::plane {
namespace {

TEST_F(Planes, carry_packets_both_ways) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  const Buffer up = packet("10.8.0.2", "10.8.0.1");
  client.tun.to_tunnel.push_back(up);
  carry(client, server, client_at);
  ASSERT_EQ(server.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(server.tun.from_tunnel.front(), up);
  const Buffer down = packet("10.8.0.1", "10.8.0.2");
  server.tun.to_tunnel.push_back(down);
  carry(server, client, server_at);
  ASSERT_EQ(client.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(client.tun.from_tunnel.front(), down);
  EXPECT_EQ(server.plane.traffic(0).received_packets, 1u);
  EXPECT_EQ(server.plane.traffic(0).sent_inside_bytes, down.size());
}

Buffer acknowledgement(std::uint32_t number) {
  ip::made::Fields f;  // from 10.9.0.1
  f.acknowledged = number;
  return ip::made::packet(f);
}

TEST_F(Planes, of_acknowledgements_in_a_batch_the_latest_comes_out) {
  PlaneSetup setup = server_setup();
  setup.latest_acknowledgements = true;
  End server(setup);
  End client({});
  join(server, 0, "10.9.0.1");
  start(client, 0);
  for (const std::uint32_t number : {100u, 200u, 300u}) {
    client.tun.to_tunnel.push_back(acknowledgement(number));
  }
  carry(client, server, client_at);
  ASSERT_EQ(server.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(server.tun.from_tunnel.front(), acknowledgement(300));
  EXPECT_EQ(server.plane.traffic(0).received_packets, 3u) << "it is told of all";
  EXPECT_EQ(server.plane.lane_facts().front().down.replaced, 2u);
  client.tun.to_tunnel.push_back(acknowledgement(400));
  carry(client, server, client_at);
  EXPECT_EQ(server.tun.from_tunnel.size(), 2u) << "no batch remembers another";
}

TEST_F(Planes, all_acknowledgements_come_out_where_it_was_not_asked_for) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.9.0.1");
  start(client, 0);
  for (const std::uint32_t number : {100u, 200u}) {
    client.tun.to_tunnel.push_back(acknowledgement(number));
  }
  carry(client, server, client_at);
  EXPECT_EQ(server.tun.from_tunnel.size(), 2u);
}

TEST_F(Planes, cut_or_answer_what_is_too_big_for_the_path) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  PeerSpec narrow;
  narrow.address = server_at;
  narrow.inner_most = 1000;
  client.plane.set_peer(0, narrow);
  client.tun.to_tunnel.push_back(large_packet("10.8.0.2", "10.8.0.1", 1001, true));
  client.tun.to_tunnel.push_back(large_packet("10.8.0.2", "10.8.0.1", 1400, false));
  client.tun.to_tunnel.push_back(large_packet("10.8.0.2", "10.8.0.1", 1000, true));
  carry(client, server, client_at);
  ASSERT_EQ(client.tun.from_tunnel.size(), 1u) << "the answer";
  EXPECT_EQ(client.tun.from_tunnel.front()[20], 3);
  EXPECT_EQ(load_u16(&client.tun.from_tunnel.front()[26]), 1000);
  ASSERT_EQ(server.tun.from_tunnel.size(), 3u) << "two pieces and the one that fits";
  EXPECT_EQ(server.tun.from_tunnel[0].size(), 996u);
  EXPECT_EQ(server.tun.from_tunnel[1].size(), 20u + 1380 - 976);
  EXPECT_EQ(server.tun.from_tunnel[2].size(), 1000u);
  EXPECT_EQ(client.plane.drops().of(Drop::too_big), 1u);
}

TEST_F(Planes, answer_another_client_whose_packet_is_too_big) {
  End server(server_setup(true));
  End one({});
  End two({});
  join(server, 0, "10.8.0.2");
  join(server, 1, "10.8.0.3");
  start(one, 0);
  start(two, 1);
  PeerSpec narrow;
  narrow.address = address("203.0.113.2", 40001);
  narrow.check_source = true;
  narrow.inner_most = 1000;
  server.plane.set_peer(1, narrow);
  one.tun.to_tunnel.push_back(large_packet("10.8.0.2", "10.8.0.3", 1400, true));
  carry(one, server, client_at);
  ASSERT_EQ(server.sent.size(), 1u);
  EXPECT_EQ(server.sent.front().second.remote.port, 40000);
  carry(server, one, server_at);
  ASSERT_EQ(one.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(one.tun.from_tunnel.front()[20], 3);
}

TEST_F(Planes, answer_a_bounded_number_of_packets_a_turn) {
  End client({});
  start(client, 0);
  PeerSpec narrow;
  narrow.address = server_at;
  narrow.inner_most = 1000;
  client.plane.set_peer(0, narrow);
  for (int i = 0; i < 60; ++i) {
    client.tun.to_tunnel.push_back(large_packet("10.8.0.2", "10.8.0.1", 1400, true));
  }
  static_cast<void>(client.plane.up().turn(client.now, {1000}));
  EXPECT_GE(client.tun.from_tunnel.size(), 1u);
  EXPECT_LT(client.tun.from_tunnel.size(), 60u);
}

TEST_F(Planes, carry_large_packets_in_pieces) {
  constexpr std::size_t most = 300;
  PlaneSetup at_server = server_setup();
  PlaneSetup at_client;
  at_server.fragments = at_client.fragments = true;
  End server(at_server);
  End client(at_client);
  join(server, 0, "10.8.0.2", most);
  start(client, 0, most);
  std::vector<Buffer> sent;
  for (std::size_t size = 40; size < 1500; size += 37) {
    Buffer large = packet("10.8.0.2", "10.8.0.1", static_cast<std::uint8_t>(size));
    large.resize(size, static_cast<std::uint8_t>(size));
    store_u16(&large[2], static_cast<std::uint16_t>(size));
    sent.push_back(large);
    client.tun.to_tunnel.push_back(large);
  }
  client.turn();
  EXPECT_GT(client.sent.size(), 2 * sent.size());
  for (const auto& [datagram, to] : client.sent) EXPECT_LE(datagram.size(), most + 4 + 24);
  carry(client, server, client_at);
  EXPECT_EQ(std::vector(server.tun.from_tunnel.begin(), server.tun.from_tunnel.end()), sent);
  EXPECT_EQ(client.plane.traffic(0).sent_inside_bytes,
            server.plane.traffic(0).received_inside_bytes);
}

TEST_F(Planes, a_foreign_inner_source_goes_no_further) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  join(server, 1, "10.8.0.3");
  start(client, 0);
  client.tun.to_tunnel.push_back(packet("10.8.0.3", "10.8.0.1"));
  client.tun.to_tunnel.push_back(packet("192.168.20.10", "10.8.0.1"));
  carry(client, server, client_at);
  EXPECT_TRUE(server.tun.from_tunnel.empty());
  EXPECT_EQ(server.plane.drops().of(Drop::bad_source), 2u);
  const auto reports = server.reports();
  ASSERT_EQ(reports.size(), 1u) << "told once a second at most";
  EXPECT_EQ(reports[0].kind, Report::Kind::bad_source);
}

TEST_F(Planes, an_authentic_packet_from_elsewhere_is_reported_as_a_move) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  for (int i = 0; i < 3; ++i) client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
  carry(client, server, address("192.0.2.77", 5555));
  EXPECT_EQ(server.tun.from_tunnel.size(), 3u);
  const auto reports = server.reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].kind, Report::Kind::moved);
  EXPECT_EQ(reports[0].from.remote.port, 5555);
}

TEST_F(Planes, a_move_that_could_not_be_told_is_told_with_the_next_packet) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  const auto reset = wire::head_byte(wire::Opcode::hard_reset_client_v2, 0);
  std::size_t told = 0, heard = 0;
  const auto look = [&](const Report& report, MutableBytes) {
    told += report.kind == Report::Kind::moved ? 1 : 0;
    ++heard;
  };
  for (int i = 0; i < 3000; ++i) {
    server.link.arrive(Buffer(50, reset), address("192.0.2.66", 6));
  }
  client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
  carry(client, server, address("192.0.2.77", 5555));
  while (server.plane.take_reports(1000, look) > 0) {
  }
  EXPECT_GT(heard, 0u);
  EXPECT_LT(heard, 3000u);
  EXPECT_EQ(told, 0u) << "there was no room";
  for (int i = 0; i < 2; ++i) {
    client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
    carry(client, server, address("192.0.2.77", 5555));
  }
  while (server.plane.take_reports(1000, look) > 0) {
  }
  EXPECT_EQ(told, 1u);
}

TEST_F(Planes, a_client_hears_only_its_server) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  server.tun.to_tunnel.push_back(packet("10.8.0.1", "10.8.0.2"));
  carry(server, client, address("192.0.2.1", 1194));
  EXPECT_TRUE(client.tun.from_tunnel.empty());
  EXPECT_EQ(client.plane.drops().of(Drop::wrong_address), 1u);
}

TEST_F(Planes, strangers_reach_nothing_but_the_control_ring) {
  End server(server_setup());
  join(server, 0, "10.8.0.2");
  sim::SeededRng noise(9);
  std::size_t control = 0;
  for (int i = 0; i < 5000; ++i) {
    Buffer junk(1 + noise.below(100));
    noise.fill(junk);
    server.link.arrive(junk, address("192.0.2.9", static_cast<std::uint16_t>(i)));
    if (i % 50 == 0) {
      server.turn();
      control += server.reports().size();
    }
  }
  EXPECT_TRUE(server.tun.from_tunnel.empty());
  EXPECT_GT(control, 0u);
  EXPECT_GT(server.plane.drops().of(Drop::unknown_opcode), 1000u);
}

TEST_F(Planes, a_closed_stream_is_reported_however_full_the_ring_was) {
  End server(server_setup());
  Buffer hello(14, 0);
  hello[0] = wire::head_byte(wire::Opcode::hard_reset_client_v2, 0);
  do {
    server.link.arrive(hello, client_at);
    server.plane.down().turn(server.now);
  } while (server.plane.down().drops().read().of(Drop::queue_full) == 0);
  ports::LinkAddress stream = client_at;
  stream.stream = 7;
  server.link.closed.push_back(stream);
  EXPECT_TRUE(server.plane.down().turn(server.now)) << "it has a report to make";
  EXPECT_TRUE(server.plane.down().turn(server.now)) << "and makes it until there is room";
  std::vector<std::uint32_t> closed;
  const auto note = [&](const Report& report, MutableBytes) {
    if (report.kind == Report::Kind::stream_closed) closed.push_back(report.from.stream);
  };
  server.plane.take_reports(1'000'000, note);
  EXPECT_TRUE(closed.empty());
  EXPECT_FALSE(server.plane.down().turn(server.now)) << "now it is made";
  server.plane.take_reports(1'000'000, note);
  EXPECT_EQ(closed, std::vector<std::uint32_t>{7});
}

TEST_F(Planes, pings_and_exit_messages_never_reach_the_inside) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  client.plane.send_payload(0, wire::ping_message);
  client.plane.send_payload(0, wire::encode_occ(wire::OccType::exit));
  carry(client, server, client_at);
  EXPECT_TRUE(server.tun.from_tunnel.empty());
  EXPECT_EQ(server.plane.traffic(0).received_packets, 2u);
  const auto reports = server.reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].kind, Report::Kind::payload);
}

TEST_F(Planes, clients_talk_to_each_other_only_when_allowed) {
  for (const bool allowed : {false, true}) {
    routes.clear();
    End server(server_setup(allowed));
    End one({});
    End two({});
    join(server, 0, "10.8.0.2");
    join(server, 1, "10.8.0.3");
    start(one, 0);
    start(two, 1);
    one.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.3"));
    carry(one, server, client_at);
    EXPECT_EQ(server.tun.from_tunnel.size(), allowed ? 0u : 1u);
    carry(server, two, server_at);
    EXPECT_EQ(two.tun.from_tunnel.size(), allowed ? 1u : 0u);
  }
}

TEST_F(Planes, multicast_from_inside_goes_to_everybody) {
  End server(server_setup());
  End one({});
  join(server, 0, "10.8.0.2");
  join(server, 1, "10.8.0.3");
  server.tun.to_tunnel.push_back(packet("10.8.0.1", "224.0.0.5"));
  server.turn();
  EXPECT_EQ(server.sent.size(), 2u);
}

TEST_F(Planes, multicast_that_is_too_big_for_one_is_cut_for_it) {
  End server(server_setup());
  End one({});
  for (PeerIndex peer = 0; peer < 3; ++peer) {
    join(server, peer, ("10.8.0." + std::to_string(peer + 2)).c_str());
  }
  PeerSpec narrow;
  narrow.address = address("203.0.113.2", 40001);
  narrow.inner_most = 1000;
  server.plane.set_peer(1, narrow);
  start(one, 1);
  server.tun.to_tunnel.push_back(large_packet("10.8.0.1", "224.0.0.5", 1400, false));
  server.turn();
  std::vector<std::uint16_t> ports;
  for (const auto& [datagram, to] : server.sent) {
    ports.push_back(to.remote.port);
    if (to.remote.port == 40001) one.link.arrive(datagram, server_at);
  }
  EXPECT_EQ(ports, (std::vector<std::uint16_t>{40000, 40001, 40001, 40002}));
  one.turn();
  ASSERT_EQ(one.tun.from_tunnel.size(), 2u);
  for (const Buffer& piece : one.tun.from_tunnel) EXPECT_LE(piece.size(), 1000u);
}

TEST_F(Planes, keys_come_and_go) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  ASSERT_TRUE(server.plane.install_key(0, key(0, 1, true)));
  ASSERT_TRUE(client.plane.install_key(0, key(0, 1, false)));
  client.plane.use_key(0, 1);
  client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
  carry(client, server, client_at);
  EXPECT_EQ(server.tun.from_tunnel.size(), 1u) << "both keys are heard";
  server.plane.retire_key(0, 0);
  client.plane.use_key(0, 0);
  client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
  carry(client, server, client_at);
  EXPECT_EQ(server.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(server.plane.drops().of(Drop::no_key), 1u);
  server.plane.remove_peer(0);
  client.plane.use_key(0, 1);
  client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
  carry(client, server, client_at);
  EXPECT_EQ(server.plane.drops().of(Drop::unknown_peer), 1u);
}

TEST_F(Planes, wear_is_counted_for_each_key_on_its_own) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  start(client, 0);
  client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
  carry(client, server, client_at);
  const std::uint64_t first = client.plane.wear(0, 0)->bytes;
  EXPECT_GT(first, 40u);
  EXPECT_EQ(server.plane.wear(0, 0)->bytes, first);
  KeySpec old = key(0, 1, false);
  old.format.cipher = crypto::find_cipher("DES-EDE3-CBC");
  ASSERT_TRUE(client.plane.install_key(0, old));
  client.plane.use_key(0, 1);
  EXPECT_EQ(client.plane.wear(0, 1)->bytes, 0u) << "a new key has carried nothing";
  EXPECT_TRUE(client.plane.wear(0, 1)->small_blocks);
  EXPECT_FALSE(client.plane.wear(0, 0)->small_blocks);
}

TEST_F(Planes, static_key_mode_knows_its_peer_by_its_first_authentic_packet) {
  const auto spec_of = [](std::uint64_t own, std::uint64_t other) {
    KeySpec spec;
    spec.format.cipher = crypto::find_cipher("AES-256-CBC");
    spec.format.digest = crypto::find_digest("SHA256");
    spec.format.header = crypto::DataFormat::Header::none;
    spec.format.long_id = true;
    spec.send = keys_of(own);
    spec.receive = keys_of(other);
    return spec;
  };
  PlaneSetup setup;
  setup.bare = true;
  End listener(setup), caller(setup);
  PeerSpec nowhere, there;
  nowhere.may_float = true;
  there.address = server_at;
  listener.plane.set_peer(0, nowhere);
  caller.plane.set_peer(0, there);
  ASSERT_TRUE(listener.plane.install_key(0, spec_of(1, 2)));
  ASSERT_TRUE(caller.plane.install_key(0, spec_of(2, 1)));
  caller.plane.use_key(0, 0);

  listener.tun.to_tunnel.push_back(packet("10.7.0.1", "10.7.0.2"));
  for (std::uint8_t first = 0; first < 0xFF; ++first) {  // whatever it looks like, it is data
    listener.link.arrive(Buffer(100, first), address("192.0.2.66", 6));
  }
  listener.turn();
  EXPECT_TRUE(listener.sent.empty()) << "nobody is there yet";
  EXPECT_TRUE(listener.reports().empty());

  const Buffer inner = packet("10.7.0.2", "10.7.0.1");
  caller.tun.to_tunnel.push_back(inner);
  carry(caller, listener, client_at);
  EXPECT_EQ(listener.tun.from_tunnel, std::deque<Buffer>{inner});
  const auto reports = listener.reports();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].kind, Report::Kind::moved);
  EXPECT_EQ(reports[0].from, client_at);
}

TEST_F(Planes, what_is_sent_compressed_is_read_by_an_end_that_does_not_compress) {
  PlaneSetup setup;
  setup.compress = true;
  End server(server_setup());
  End client(setup);
  join(server, 0, "10.8.0.2");
  start(client, 0);
  PeerSpec spec;
  spec.address = server_at;
  spec.framing = wire::CompressionFraming::lzo;
  spec.compress = true;
  client.plane.set_peer(0, spec);
  PeerSpec reads;
  reads.address = client_at;
  reads.framing = wire::CompressionFraming::lzo;
  reads.decompress = true;
  server.plane.set_peer(0, reads);
  Buffer inner = packet("10.8.0.2", "10.8.0.1", 7);
  inner.resize(1200, 7);
  store_u16(&inner[2], 1200);
  client.tun.to_tunnel.push_back(inner);
  carry(client, server, client_at);
  ASSERT_EQ(server.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(server.tun.from_tunnel.front(), inner);
  EXPECT_EQ(client.plane.traffic(0).sent_inside_bytes, 1200u);
  EXPECT_LT(client.plane.traffic(0).sent_link_bytes, 200u);
  reads.decompress = false;  // comp-lzo no
  server.plane.set_peer(0, reads);
  client.tun.to_tunnel.push_back(inner);
  carry(client, server, client_at);
  EXPECT_EQ(server.tun.from_tunnel.size(), 1u);
  EXPECT_EQ(server.plane.drops(0).of(Drop::bad_framing), 1u);
}

TEST_F(Planes, a_peer_without_an_id_is_found_by_its_address) {
  End server(server_setup());
  End client({});
  join(server, 0, "10.8.0.2");
  PeerSpec spec;
  spec.address = client_at;
  spec.by_address = true;
  server.plane.set_peer(0, spec);
  KeySpec theirs = key(0, 2, true);
  KeySpec ours = key(0, 2, false);
  theirs.format.header = ours.format.header = crypto::DataFormat::Header::v1;
  ASSERT_TRUE(server.plane.install_key(0, theirs));
  start(client, 0);
  ASSERT_TRUE(client.plane.install_key(0, ours));
  client.plane.use_key(0, 2);
  client.tun.to_tunnel.push_back(packet("10.8.0.2", "10.8.0.1"));
  carry(client, server, client_at);
  EXPECT_EQ(server.tun.from_tunnel.size(), 1u);
}

// Lanes in their own threads while the control thread changes everything under them. Run with the
// thread sanitizer.
TEST_F(Planes, tables_change_under_running_lanes) {
  End server(server_setup(true));
  for (PeerIndex i = 0; i < 4; ++i) {
    join(server, i, ("10.8.0." + std::to_string(i + 2)).c_str());
  }
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> sealed{0};
  // The fakes' queues are not for several threads: each lane has its own end of them.
  std::thread up([&] {
    sim::SeededRng rng(2);
    while (!stop) {
      if (server.tun.to_tunnel.size() < 64) {
        const std::string to = "10.8.0." + std::to_string(rng.below(8));
        server.tun.to_tunnel.push_back(packet("10.8.0.1", to.c_str()));
      }
      server.plane.up().turn(server.now, {1000});
      sealed += server.sent.size();
      server.sent.clear();
    }
  });
  std::thread down([&] {
    sim::SeededRng rng(3);
    crypto::DirectionKeys keys = keys_of(0);
    while (!stop) {
      Buffer junk(60);
      rng.fill(junk);
      junk[0] = wire::head_byte(wire::Opcode::data_v2, static_cast<std::uint8_t>(rng.below(2)));
      junk[1] = junk[2] = 0;
      junk[3] = static_cast<std::uint8_t>(rng.below(6));
      if (server.link.empty()) {
        server.link.arrive(junk,
                           address("203.0.113.2", static_cast<std::uint16_t>(40000 + junk[3])));
      }
      server.plane.down().turn(server.now);
    }
  });
  sim::SeededRng rng(4);
  for (int i = 0; i < 3000 || (sealed == 0 && i < 1'000'000); ++i) {
    const auto peer = static_cast<PeerIndex>(rng.below(4));
    switch (rng.below(6)) {
      case 0:
        server.plane.remove_peer(peer);
        break;
      case 1:
        join(server, peer, ("10.8.0." + std::to_string(peer + 2)).c_str());
        break;
      case 2:
        join(server, peer, ("10.8.0." + std::to_string(peer + 2)).c_str());
        static_cast<void>(server.plane.install_key(peer, key(peer, 1, true)));
        server.plane.use_key(peer, 1);
        break;
      case 3:
        server.plane.retire_key(peer, static_cast<std::uint8_t>(rng.below(2)));
        break;
      case 4:
        server.plane.send_payload(peer, wire::ping_message);
        break;
      default:
        server.reports();
        break;
    }
    static_cast<void>(server.plane.traffic(peer));
    static_cast<void>(server.plane.wear(peer, 0));
    server.plane.collect();
  }
  stop = true;
  up.join();
  down.join();
  EXPECT_GT(sealed, 0u);
}

}  // namespace
}  // namespace adit::plane
