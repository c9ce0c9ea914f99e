// Single scenarios that read like stories.

#include <gtest/gtest.h>

#include "tests/sim/world.h"
#include "wire/inside_message.h"

namespace adit::sim {
namespace {

bool all_up(World& world) {
  return std::ranges::all_of(world.clients(), [](const auto& client) { return client->up(); });
}

std::vector<std::size_t> received(World& world) {
  std::vector<std::size_t> counts{world.server().received()};
  for (const auto& client : world.clients()) counts.push_back(client->received());
  return counts;
}

void expect_clean(World& world) {
  for (const std::string& violation : world.invariants().violations()) ADD_FAILURE() << violation;
}

// Packets flow both ways for every client, without any loss.
void expect_traffic(World& world, int packets) {
  const auto before = received(world);
  world.traffic_every(100ms);
  world.run_for(packets * 100ms);
  world.traffic_every(0s);
  world.run_for(2s);
  const auto after = received(world);
  for (std::size_t i = 0; i < after.size(); ++i) {
    const std::size_t senders = i == 0 ? world.clients().size() : 1;
    EXPECT_GE(after[i] - before[i], senders * static_cast<std::size_t>(packets)) << "host " << i;
  }
}

TEST(Story, a_client_connects_and_packets_flow) {
  World world(1, {});
  world.add_server();
  world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  expect_traffic(world, 50);
  expect_clean(world);
}

TEST(Story, twenty_clients_get_addresses_of_their_own) {
  World world(2, {.wrap = Wrap::tls_crypt});
  world.add_server();
  for (int i = 0; i < 20; ++i) world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
  std::set<ip::Address> addresses;
  for (const auto& client : world.clients()) addresses.insert(*client->tunnel_address());
  EXPECT_EQ(addresses.size(), 20u);
  expect_traffic(world, 20);
  expect_clean(world);
}

TEST(Story, keys_are_renewed_under_traffic_without_a_lost_packet) {
  for (const auto wrap : {Wrap::plain, Wrap::tls_auth, Wrap::tls_crypt, Wrap::tls_crypt_v2}) {
    World world(3, {.wrap = wrap, .reneg = 90s});
    world.wire().weather.delay = 20ms;
    world.add_server();
    auto& client = world.add_client();
    ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
    expect_traffic(world, 4000);
    EXPECT_GE(client.key_id(), 3);
    EXPECT_EQ(client.attempts(), 1);
    expect_clean(world);
  }
}

TEST(Story, a_day_of_hourly_keys_loses_nothing) {
  for (const bool epoch : {false, true}) {
    World world(31, {.wrap = Wrap::tls_crypt, .epoch = epoch, .reneg = 3600s});
    world.wire().weather.delay = 20ms;
    world.add_server();
    auto& client = world.add_client();
    ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
    const auto before = received(world);
    constexpr std::size_t hours = 24;
    std::size_t changes = 0;
    std::uint8_t key = client.key_id();
    world.traffic_every(10s);
    for (std::size_t minute = 0; minute < hours * 60; ++minute) {
      world.run_for(60s);
      if (std::exchange(key, client.key_id()) != client.key_id()) ++changes;
    }
    world.traffic_every(0s);
    world.run_for(2s);
    const auto after = received(world);
    EXPECT_GE(changes, hours - 1);
    EXPECT_EQ(client.attempts(), 1);
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_GE(after[i] - before[i], hours * 360);
    expect_clean(world);
  }
}

TEST(Story, a_key_whose_packet_ids_run_out_sends_no_more_and_the_next_one_does) {
  World world(32, {.epoch = false});
  world.wire().weather.delay = 20ms;
  world.add_server();
  auto& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
  const std::uint8_t key = client.key_id();
  world.traffic_every(1ms);
  world.server().hand_over(0xFFFFFFFF - 20);
  world.run_for(40ms);
  EXPECT_GT(world.server().drops().of(Drop::key_exhausted), 0u);
  ASSERT_TRUE(world.run_until([&] { return client.key_id() != key; }, 120s));
  world.traffic_every(0s);
  world.run_for(12s);  // the server looks at its keys every ten
  EXPECT_TRUE(client.up());
  EXPECT_EQ(client.attempts(), 1);
  expect_traffic(world, 50);
  expect_clean(world);
}

// What one end knows of the way to the other and back, as outer packets.
void expect_path(const node::InstanceFacts& facts, unsigned up, unsigned down) {
  ASSERT_EQ(facts.peers.size(), 1u);
  const node::MtuFacts& path = facts.peers[0].mtu;
  EXPECT_LE(path.path_to_peer, up);
  EXPECT_GE(path.path_to_peer + 4, up);
  EXPECT_LE(path.path_from_peer, down);
  EXPECT_GE(path.path_from_peer + 4, down);
}

TEST(Story, both_ends_find_what_a_narrow_path_takes_and_that_it_shrank) {
  constexpr unsigned outer_headers = 28;
  World world(11, {});
  world.wire().weather.delay = 20ms;
  auto& server = world.add_server();
  auto& client = world.add_client();
  world.wire().largest_to[server.at()] = 1300 - outer_headers;
  world.wire().largest_to[client.at()] = 1400 - outer_headers;
  world.traffic_every(50ms);
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  world.run_for(2s);
  expect_path(client.client().facts(), 1300, 1400);
  expect_path(server.server().facts(), 1400, 1300);
  world.wire().largest_to[client.at()] = 1250 - outer_headers;
  world.run_for(8s);
  expect_path(client.client().facts(), 1300, 1250);
  expect_path(server.server().facts(), 1250, 1300);
  expect_clean(world);
}

// A message of the data channel about the path, as it is on the wire.
Buffer about_path(wire::OccType type, SeededRng& rng) {
  Buffer rest(rng.below(8) == 0 ? rng.below(3) : rng.below(1900));
  rng.fill(rest);
  const std::uint16_t absurd[] = {0, 1, 17, 319, 447, 499, 1500, 9000, 65535};
  if (rest.size() >= 2) store_u16(rest.data(), absurd[rng.below(std::size(absurd))]);
  return wire::encode_occ(type, rest);
}

TEST(Story, absurd_questions_and_false_answers_about_the_path_do_no_harm) {
  World world(17, {});
  auto& server = world.add_server();
  auto& client = world.add_client();
  world.wire().largest_to[server.at()] = 1300 - 28;
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  for (int second = 0; second < 20; ++second) {
    for (int i = 0; i < 200; ++i) {
      const bool question = world.rng().below(2) == 0;
      const auto type = question ? wire::OccType::mtu_load_request : wire::OccType::mtu_load;
      client.say_inside(0, about_path(type, world.rng()));
    }
    world.run_for(1s);
  }
  EXPECT_TRUE(client.up());
  EXPECT_EQ(client.attempts(), 1);
  const node::InstanceFacts facts = server.server().facts();
  ASSERT_EQ(facts.peers.size(), 1u);
  EXPECT_LE(facts.peers[0].mtu.path_to_peer, 1556u) << "no more than the largest packet there is";
  EXPECT_LE(facts.peers[0].mtu.path_from_peer, 1500u);
  expect_traffic(world, 20);
  expect_clean(world);
}

// What a server says to a client by its first session.
void say(ServerHost& server, const World& world, std::string_view message) {
  server.server().peers().begin()->second->association.active().send_message(message, world.now());
}

TEST(Story, a_client_comes_back_after_restart_and_ends_at_halt) {
  using Next = node::Outcome::Next;
  World world(13, {});
  auto& server = world.add_server();
  auto& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  say(server, world, "RESTART,[N]maintenance");
  ASSERT_TRUE(world.run_until([&] { return client.ended().has_value(); }, 30s));
  EXPECT_EQ(client.ended()->next, Next::restart);
  EXPECT_EQ(client.ended()->advance, wire::AuthFailed::Advance::remote);
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 60s));
  say(server, world, "HALT,enough");
  ASSERT_TRUE(world.run_until([&] { return client.ended()->next == Next::exit; }, 30s));
  EXPECT_EQ(client.ended()->text, "server-pushed-halt");
  expect_clean(world);
}

TEST(Story, a_server_that_ends_lets_nobody_new_in) {
  Terms terms;
  terms.exit_notify = 1;
  World world(14, terms);
  auto& server = world.add_server();
  world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  ASSERT_TRUE(server.server().announce_end(world.now()));
  auto& late = world.add_client();
  world.run_for(3s);
  EXPECT_FALSE(late.up()) << "it would be stranded when the server goes";
  EXPECT_EQ(server.server().clients(), 1u);
}

TEST(Story, a_restarted_client_replaces_its_old_session) {
  World world(4, {});
  world.add_server();
  auto& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  client.crash();
  world.run_for(2s);
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 30s));
  EXPECT_EQ(world.server().server().clients(), 1u) << "the old instance is gone";
  expect_traffic(world, 20);
  expect_clean(world);
}

TEST(Story, a_restarted_server_is_found_again_by_ping_restart) {
  World world(5, {});
  world.add_server();
  auto& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  world.server().crash();
  ASSERT_TRUE(world.run_until([&] { return !client.up(); }, 80s));
  ASSERT_TRUE(world.run_until([&] { return client.up(); }, 80s));
  expect_traffic(world, 20);
  expect_clean(world);
}

// Its device is kept over the restart of the server; what the host had, it has again.
TEST(Story, routes_that_are_pushed_no_more_are_gone_when_a_client_has_come_back) {
  const std::string lines =
      "ca x\ncert x\nkey x\ndh none\ndev tun\ntopology subnet\nserver 10.8.0.0 255.255.240.0\n"
      "data-ciphers AES-256-GCM\npush \"ping-restart 10\"\n";
  for (const char* flags : {"def1", "local def1", ""}) {
    World world(5, {});
    auto& server = world.add_server();
    server.configure(lines + "push \"redirect-gateway " + flags + "\"\n");
    auto& client = world.add_client();
    const auto before = client.network().routes;
    const auto comes_back = [&] {
      return world.run_until([&] { return !client.up(); }, 80s) &&
             world.run_until([&] { return client.up(); }, 80s);
    };
    ASSERT_TRUE(world.run_until([&] { return client.up(); }, 20s));
    const auto redirected = client.network().routes;
    EXPECT_NE(redirected, before);
    server.crash();
    ASSERT_TRUE(comes_back());
    EXPECT_EQ(client.network().routes, redirected) << flags;
    server.configure(lines);
    ASSERT_TRUE(comes_back());
    EXPECT_EQ(client.network().routes, before) << flags;
    expect_clean(world);
  }
}

TEST(Story, the_server_follows_a_client_to_its_new_address) {
  World world(6, {});
  world.add_server();
  auto& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  world.traffic_every(100ms);
  world.run_for(2s);
  client.move_to({*ip::Address::parse("203.0.113.99"), 50001, 0});
  world.run_for(2s);
  expect_traffic(world, 20);
  EXPECT_EQ(client.attempts(), 1);
  expect_clean(world);
}

TEST(Story, a_handover_to_a_new_server_process_loses_no_session) {
  for (const bool epoch : {false, true}) {
    World world(7, {.wrap = Wrap::tls_crypt_v2, .epoch = epoch});
    world.wire().weather.delay = 10ms;
    world.add_server();
    for (int i = 0; i < 5; ++i) world.add_client();
    ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
    world.traffic_every(50ms);
    world.run_for(5s);
    world.server().hand_over(0);
    world.run_for(10s);
    for (const auto& client : world.clients()) {
      EXPECT_TRUE(client->up());
      EXPECT_EQ(client->attempts(), 1);
      EXPECT_GE(client->key_id(), 1) << "the new process renegotiates";
    }
    expect_traffic(world, 50);
    expect_clean(world);
  }
}

TEST(Story, a_handover_keeps_what_a_client_is_called_and_its_vlan) {
  World world(7, {.log_in = true});
  ServerHost& server = world.add_server();
  server.give_file("client1", "override-username another\nvlan-pvid 20\n");
  ClientHost& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return client.up(); }, 20s));
  world.run_for(1s);
  server.hand_over(0);
  world.run_for(10s);
  EXPECT_TRUE(client.up());
  EXPECT_EQ(client.attempts(), 1);
  EXPECT_GE(client.key_id(), 1) << "it was let in again under its own name";
  ASSERT_EQ(server.server().peers().size(), 1u);
  const node::ServerPeer& peer = *server.server().peers().begin()->second;
  EXPECT_EQ(peer.username, "another");
  EXPECT_EQ(peer.profile.vlan_pvid, 20);
  expect_clean(world);
}

TEST(Story, a_server_goes_on_after_a_handover_from_stale_state) {
  World world(8, {});
  world.add_server();
  world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
  world.server().hand_over(1000);
  expect_traffic(world, 50);
  expect_clean(world);
}

TEST(Story, a_goodbye_frees_the_place_at_once) {
  for (const bool in_band : {true, false}) {
    World world(9, {.key_export = in_band, .exit_notify = 1});
    world.add_server();
    auto& client = world.add_client();
    ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
    client.leave();
    world.run_for(10s);
    EXPECT_EQ(world.server().server().clients(), 0u);
    expect_clean(world);
  }
}

TEST(Story, who_ends_by_itself_says_goodbye_as_well) {
  for (const bool in_band : {true, false}) {
    World world(9, {.key_export = in_band, .exit_notify = 1});
    world.add_server().give_file("client1", "push \"inactive 5\"\n");
    auto& client = world.add_client();
    ASSERT_TRUE(world.run_until([&] { return client.ended().has_value(); }, 20s));
    EXPECT_EQ(client.ended()->text, "inactive");
    const auto is_up = [](const node::ServerPeer& peer) { return peer.admitted(); };
    world.run_for(900ms);
    EXPECT_EQ(world.server().server().count(is_up), 0u);
    expect_clean(world);
  }
}

TEST(Story, and_so_does_who_still_waits_for_its_routes) {
  for (const bool in_band : {true, false}) {
    World world(9, {.key_export = in_band, .exit_notify = 1});
    world.add_server().give_file("client1", "push \"route-delay 30\"\n");
    auto& client = world.add_client();
    ASSERT_TRUE(world.run_until([&] { return client.tunnel_address().has_value(); }, 20s));
    world.run_for(2s);
    EXPECT_FALSE(client.up());
    client.leave();
    world.run_for(10s);
    EXPECT_EQ(world.server().server().clients(), 0u);
    expect_clean(world);
  }
}

// Whoever came last may have a lower index than the one before: a place that became free.
TEST(Story, a_revoked_client_goes_at_once_and_does_not_come_back) {
  World world(41, {.wrap = Wrap::tls_crypt});
  world.wire().weather.delay = 20ms;
  ServerHost& server = world.add_server();
  ClientHost& gone = world.add_client();
  world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
  server.revoke(gone.name());
  const std::size_t heard = server.received(), told = gone.received();
  for (int i = 0; i < 10; ++i) {
    gone.send_inside(*gone.tunnel_address(), *ip::Address::parse("10.8.0.1"));
    world.run_for(10ms);
  }
  EXPECT_EQ(server.received(), heard) << "a packet of it was delivered";
  EXPECT_EQ(gone.received(), told);
  ASSERT_TRUE(world.run_until([&] { return gone.ended().has_value(); }, 2s));
  EXPECT_EQ(gone.ended()->text, "auth-failure");
  world.run_for(20s);  // it tries again and again
  const auto is_up = [](const auto& entry) {
    return entry.second->phase == node::ServerPeer::Phase::up;
  };
  EXPECT_EQ(std::ranges::count_if(server.server().peers(), is_up), 1);
  EXPECT_FALSE(gone.up());
  EXPECT_TRUE(world.clients().back()->up()) << "who was not meant";
  expect_clean(world);
}

// What a renegotiation or a restart has shown counts, not what the first login did.
TEST(Story, revoking_a_former_certificate_ends_nobody) {
  for (const bool restarts : {false, true}) {
    World world(42, {.reneg = 30s});
    ServerHost& server = world.add_server();
    ClientHost& client = world.add_client();
    ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
    client.renew_certificate();
    if (restarts) client.crash();
    ASSERT_TRUE(world.run_until(
        [&] { return restarts ? client.attempts() == 2 && client.up() : client.key_id() == 1; },
        60s));
    world.run_for(2s);
    server.revoke(client.name(), 1);
    world.run_for(2s);
    EXPECT_TRUE(client.up());
    EXPECT_EQ(client.attempts(), restarts ? 2 : 1);
    server.revoke(client.name(), 2);
    ASSERT_TRUE(world.run_until([&] { return client.ended().has_value(); }, 2s));
    EXPECT_EQ(client.ended()->text, "auth-failure");
  }
}

TEST(Story, garbage_behind_a_key_exchange_costs_that_exchange_alone) {
  World world(43, {.reneg = 30s});
  world.add_server();
  ClientHost& bad = world.add_client();
  ClientHost& other = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 20s));
  bad.add_garbage();
  world.run_for(40s);
  EXPECT_TRUE(other.up());
  EXPECT_EQ(other.attempts(), 1);
  EXPECT_EQ(world.server().server().clients(), 2u);
}

TEST(Story, of_two_clients_with_one_address_the_last_has_it) {
  World world(12, {.exit_notify = 1});
  world.add_server();
  const std::string file = "ifconfig-push 10.8.0.9 255.255.240.0\n";
  for (const char* name : {"client2", "client3"}) world.server().give_file(name, file);
  auto& first = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return first.up(); }, 10s));
  auto& second = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return second.up(); }, 10s));
  first.leave();
  world.run_for(10s);
  auto& third = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return third.up(); }, 10s));
  EXPECT_EQ(second.tunnel_address(), third.tunnel_address());
  const auto gateway = *ip::Address::parse("10.8.0.1");
  const auto before = std::pair(second.received(), third.received());
  world.server().send_inside(gateway, *third.tunnel_address());
  world.run_for(1s);
  EXPECT_EQ(second.received(), before.first);
  EXPECT_EQ(third.received(), before.second + 1);
  const auto status = world.server().server().status(world.wall());
  EXPECT_EQ(status.clients.size(), 2u);
  ASSERT_EQ(status.routes.size(), 1u) << "the route of the one who has it";
  EXPECT_EQ(status.routes[0].common_name, "client3");
  const auto& lines = world.server().log().lines;
  EXPECT_EQ(std::ranges::count_if(lines,
                                  [](const std::string& line) {
                                    return line.find("10.8.0.9 is already used by client2") !=
                                           std::string::npos;
                                  }),
            1);
  expect_clean(world);
}

TEST(Story, a_network_that_reorders_and_repeats_loses_nothing_and_is_named) {
  World world(11, {});
  world.add_server();
  auto& client = world.add_client();
  world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  const auto before = received(world);
  world.wire().weather = {.duplicate = 0.1, .reorder = 0.1, .delay = 5ms, .reorder_delay = 2s};
  world.traffic_every(4ms);
  world.run_for(12s);
  world.traffic_every(0s);
  world.run_for(14s);
  const auto after = received(world);
  EXPECT_GE(after[0] - before[0], 2 * 3000u);
  EXPECT_GE(after[1] - before[1], 3000u);
  expect_clean(world);
  const node::InstanceFacts facts = world.server().server().facts();
  ASSERT_EQ(facts.peers.size(), 2u);
  for (const node::PeerFacts& peer : facts.peers) {
    EXPECT_EQ(peer.disorder.late, 0u);
    EXPECT_GT(peer.disorder.repeated, 200u);
    EXPECT_GT(peer.disorder.deepest_reordered, 400u);
    const auto lines = std::ranges::count_if(world.server().log().lines, [&](const auto& line) {
      return line.find("duplicate packets dropped") != line.npos &&
             line.find(peer.name + "/") != line.npos;
    });
    EXPECT_EQ(lines, 1) << "one line a minute, with the name of the client " << peer.name;
  }
  EXPECT_TRUE(std::ranges::any_of(client.log().lines, [](const auto& line) {
    return line.find("likely cause: a duplicated link") != line.npos;
  }));
}

TEST(Story, old_and_new_data_formats_carry_the_same) {
  for (const char* cipher : {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "CHACHA20-POLY1305",
                             "AES-256-CBC", "AES-128-CBC", "DES-EDE3-CBC", "none"}) {
    for (const bool epoch : {false, true}) {
      for (const bool key_export : {false, true}) {
        World world(10,
                    {.cipher = cipher, .auth = "SHA256", .epoch = epoch, .key_export = key_export});
        world.add_server();
        world.add_client();
        ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s)) << cipher;
        expect_traffic(world, 10);
        expect_clean(world);
      }
    }
  }
}

TEST(Story, net30_works_as_well) {
  World world(11, {.topology = options::Topology::net30});
  world.add_server();
  world.add_client();
  world.add_client();
  ASSERT_TRUE(world.run_until([&] { return all_up(world); }, 10s));
  expect_traffic(world, 10);
  expect_clean(world);
}

}  // namespace
}  // namespace adit::sim
