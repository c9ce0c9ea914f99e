#include "session/negotiation.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "session/cookie.h"
#include "session/frame.h"
#include "session/liveness.h"
#include "session/renewal.h"
#include "tests/sim/seeded_rng.h"

namespace adit::session {
namespace {

Offer offer() {
  Offer offer;
  offer.data_ciphers = {"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"};
  return offer;
}

Result<ServerChoice> server_choice(const Offer& offer, std::string_view info,
                                   std::string_view options = "") {
  const auto peer = wire::PeerInfo::parse(info);
  return choose_as_server(offer, {peer, options}, 5);
}

TEST(ServerChoice, takes_its_own_first_cipher_that_the_client_has) {
  const auto choice =
      server_choice(offer(), "IV_CIPHERS=CHACHA20-POLY1305:AES-128-GCM\nIV_PROTO=990\n");
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->negotiated.cipher, "AES-128-GCM");
  EXPECT_TRUE(choice->push_cipher);
  EXPECT_TRUE(choice->negotiated.data_v2);
  EXPECT_TRUE(choice->negotiated.key_export);
  EXPECT_TRUE(choice->negotiated.dyn_tls_crypt);
  EXPECT_FALSE(choice->negotiated.epoch) << "2.6 does not offer it";
  EXPECT_EQ(choice->negotiated.peer_id, 5u);
}

TEST(ServerChoice, uses_epochs_only_with_peers_that_offer_them) {
  EXPECT_TRUE(server_choice(offer(), "IV_CIPHERS=AES-256-GCM\nIV_PROTO=8094\n")->negotiated.epoch);
  Offer old = offer();
  old.data_ciphers = {"AES-256-CBC"};
  EXPECT_FALSE(server_choice(old, "IV_CIPHERS=AES-256-CBC\nIV_PROTO=8094\n")->negotiated.epoch);
}

TEST(ServerChoice, understands_old_clients) {
  EXPECT_EQ(server_choice(offer(), "IV_NCP=2\nIV_PROTO=2\n")->negotiated.cipher, "AES-256-GCM");
  Offer cbc = offer();
  cbc.data_ciphers.push_back("AES-256-CBC");
  const auto from_options = server_choice(cbc, "", "V4,cipher AES-256-CBC,auth SHA1");
  EXPECT_EQ(from_options->negotiated.cipher, "AES-256-CBC");
  EXPECT_FALSE(from_options->push_cipher);
  EXPECT_FALSE(from_options->negotiated.data_v2);
}

TEST(ServerChoice, the_fallback_is_for_clients_that_say_nothing) {
  Offer with = offer();
  with.fallback = "AES-256-CBC";
  EXPECT_EQ(server_choice(with, "")->negotiated.cipher, "AES-256-CBC");
  EXPECT_FALSE(server_choice(with, "IV_CIPHERS=BF-CBC\n"));
  EXPECT_FALSE(server_choice(with, "", "V4,cipher BF-CBC"));
  EXPECT_FALSE(server_choice(offer(), ""));
}

// What peers say that know no negotiation, and what is made of it. source: wire protocol 8.
struct OldPeer {
  const char* ciphers;  // ours
  const char* fallback;
  const char* info;
  const char* options;
  const char* chosen;  // empty: refused
};
constexpr OldPeer old_peers[] = {
    // 2.3: no peer info worth the name, the cipher stands in the options string
    {"AES-256-GCM:BF-CBC", "", "", "V4,cipher BF-CBC,auth SHA1", "BF-CBC"},
    {"AES-256-GCM:BF-CBC", "", "IV_VER=2.3.2\nIV_PLAT=linux\nIV_PROTO=2\n", "V4,cipher BF-CBC",
     "BF-CBC"},
    {"AES-256-GCM", "", "", "V4,cipher BF-CBC,auth SHA1", ""},
    {"AES-256-GCM", "BF-CBC", "", "V4,cipher BF-CBC,auth SHA1", ""},
    {"AES-256-GCM", "BF-CBC", "", "V0 UNDEF", "BF-CBC"},
    {"AES-256-GCM", "BF-CBC", "", "", "BF-CBC"},
    {"AES-256-GCM:none", "", "", "V4,cipher [null-cipher],auth SHA1", "none"},
    {"none", "", "IV_CIPHERS=none\n", "", "none"},
    {"AES-256-GCM", "", "", "V4,cipher [null-cipher],auth SHA1", ""},
    // 2.4 with "ncp-disable", and as it comes
    {"AES-256-GCM:AES-256-CBC", "", "IV_VER=2.4.12\nIV_PROTO=2\n", "V4,cipher AES-256-CBC",
     "AES-256-CBC"},
    {"AES-128-GCM:BF-CBC", "", "IV_VER=2.4.12\nIV_NCP=2\n", "V4,cipher BF-CBC", "AES-128-GCM"},
    {"DES-EDE3-CBC", "", "IV_NCP=2\n", "V4,cipher DES-EDE3-CBC", "DES-EDE3-CBC"},
};

TEST(ServerChoice, finds_a_cipher_with_peers_as_old_as_2_3) {
  for (const OldPeer& old : old_peers) {
    Offer ours;
    for (std::string_view name : split(old.ciphers, ':')) ours.data_ciphers.emplace_back(name);
    ours.fallback = old.fallback;
    const auto choice = server_choice(ours, old.info, old.options);
    EXPECT_EQ(choice ? choice->negotiated.cipher : "", old.chosen) << old.ciphers << old.options;
    if (!choice || wire::PeerInfo::parse(old.info).proto() > 0) continue;
    EXPECT_FALSE(choice->negotiated.data_v2) << "IV_PROTO says nothing of it";
  }
}

TEST(ClientChoice, finds_a_cipher_with_servers_as_old_as_2_3) {
  for (const OldPeer& old : old_peers) {
    if (*old.info != 0) continue;  // servers have none
    Offer ours;
    for (std::string_view name : split(old.ciphers, ':')) ours.data_ciphers.emplace_back(name);
    const auto choice = choose_as_client(ours, {}, old.options);
    const bool fell_back = std::string_view(old.chosen) == old.fallback;
    EXPECT_EQ(choice ? choice->cipher : "", fell_back ? "" : old.chosen) << old.options;
    if (choice) {
      EXPECT_FALSE(choice->data_v2);
    }
  }
}

TEST(PeerInfo, tells_which_compression_may_come) {
  Offer ours = offer();
  EXPECT_EQ(own_peer_info(ours, 0, 0).find("IV_LZO_STUB"), "1");
  EXPECT_FALSE(own_peer_info(ours, 0, 0).find("IV_LZ4"));
  ours.unpacks = true;
  const auto info = own_peer_info(ours, 0, 0);
  for (const char* name : {"IV_LZ4", "IV_LZ4v2", "IV_LZO", "IV_COMP_STUB", "IV_COMP_STUBv2"}) {
    EXPECT_EQ(info.find(name), "1") << name;
  }
  EXPECT_FALSE(info.find("IV_LZO_STUB"));
}

TEST(ClientChoice, refuses_a_cipher_it_did_not_offer) {
  PushedFacts pushed;
  pushed.cipher = "BF-CBC";
  EXPECT_FALSE(choose_as_client(offer(), pushed, ""));
  pushed.cipher = "aes-256-gcm";
  pushed.peer_id = 3;
  pushed.tls_ekm = true;
  const auto choice = choose_as_client(offer(), pushed, "");
  EXPECT_EQ(choice->cipher, "AES-256-GCM");
  EXPECT_EQ(choice->peer_id, 3u);
  EXPECT_TRUE(choice->data_v2 && choice->key_export);
}

TEST(ClientChoice, without_a_pushed_cipher_takes_the_servers_own_or_the_fallback) {
  EXPECT_EQ(choose_as_client(offer(), {}, "V4,cipher AES-128-GCM")->cipher, "AES-128-GCM");
  EXPECT_FALSE(choose_as_client(offer(), {}, "V4,cipher BF-CBC"));
  Offer with = offer();
  with.fallback = "AES-256-CBC";
  EXPECT_EQ(choose_as_client(with, {}, "")->cipher, "AES-256-CBC");
}

TEST(PointToPoint, walks_the_tls_servers_list_on_both_sides) {
  const auto info =
      wire::PeerInfo::parse("IV_CIPHERS=CHACHA20-POLY1305:AES-128-GCM\nIV_PROTO=746\n");
  EXPECT_EQ(choose_point_to_point(offer(), true, "", {info, ""})->negotiated.cipher, "AES-128-GCM");
  EXPECT_EQ(choose_point_to_point(offer(), false, "", {info, ""})->negotiated.cipher,
            "CHACHA20-POLY1305");
  const auto old = wire::PeerInfo::parse("");
  const auto choice = choose_point_to_point(offer(), true, "AES-256-CBC", {old, ""});
  EXPECT_EQ(choice->negotiated.cipher, "AES-256-CBC");
  EXPECT_FALSE(choice->negotiated.data_v2);
  EXPECT_FALSE(choose_point_to_point(offer(), true, "NO-SUCH-CBC", {old, ""}));
}

TEST(Renewal, is_due_when_a_key_has_carried_its_bytes) {
  struct Row {
    std::uint64_t limit, limit_small_blocks;
    bool small_blocks;
    std::uint64_t bytes;
    bool due;
  };
  for (const Row& row : {Row{0, 64, false, 1000, false}, Row{0, 64, true, 63, false},
                         Row{0, 64, true, 64, true}, Row{100, 64, false, 99, false},
                         Row{100, 64, false, 100, true}, Row{0, 0, true, 1000, false}}) {
    session::Setup setup;
    sim::SeededRng rng(1);
    setup.rng = &rng;
    setup.reneg_bytes = row.limit;
    setup.reneg_bytes_small_blocks = row.limit_small_blocks;
    Renewal renewal;
    renewal.start(setup, Instant(1h));
    renewal.note(setup, {row.bytes, 1, false, row.small_blocks});
    EXPECT_EQ(renewal.due(Instant(1h)), row.due) << row.limit << ' ' << row.bytes;
  }
}

Frame frame(const char* cipher, std::size_t digest = 20) {
  Frame frame;
  frame.cipher = crypto::find_cipher(cipher);
  frame.digest_bytes = digest;
  return frame;
}

// source: wire protocol 7.2, read from running programs
TEST(Frame, announces_the_link_mtu_of_stock) {
  struct Row {
    const char* cipher;
    std::size_t digest;
    bool tcp;
    bool compression;
    unsigned link_mtu;
  };
  for (const Row& row :
       {Row{"none", 0, false, false, 1505}, Row{"none", 20, false, false, 1525},
        Row{"BF-CBC", 20, false, false, 1541}, Row{"BF-CBC", 20, true, false, 1543},
        Row{"AES-256-CBC", 20, false, false, 1557}, Row{"AES-256-CBC", 32, false, false, 1569},
        Row{"AES-256-CBC", 32, true, false, 1571}, Row{"AES-128-CBC", 64, false, false, 1601},
        Row{"AES-256-GCM", 20, false, false, 1549}, Row{"AES-256-GCM", 20, true, false, 1551},
        Row{"CHACHA20-POLY1305", 20, false, false, 1534},
        Row{"AES-256-GCM", 20, false, true, 1550}}) {
    Frame f = frame(row.cipher, row.digest);
    f.tcp = row.tcp;
    f.compression_byte = row.compression;
    EXPECT_EQ(options_link_mtu(f, 1500), row.link_mtu) << row.cipher;
  }
  Frame unset;
  EXPECT_EQ(options_link_mtu(unset, 1500), 1541u);
  EXPECT_EQ(tun_mtu_for_link_mtu(frame("AES-256-GCM"), 1300), 1251u);
}

// source: wire protocol 13.2, seen on the wire
TEST(Frame, clamps_the_mss_as_stock_does) {
  EXPECT_EQ(mss_clamp(frame("AES-256-GCM"), {}), 1400);
  Frame lzo = frame("AES-256-GCM");
  lzo.compression_byte = true;
  EXPECT_EQ(mss_clamp(lzo, {}), 1399);
  Frame epoch = frame("AES-256-GCM");
  epoch.epoch = true;
  EXPECT_EQ(mss_clamp(epoch, {}), 1396);
  EXPECT_EQ(mss_clamp(frame("AES-128-CBC"), {}), 1379);
  Frame tcp = frame("AES-256-GCM");
  tcp.tcp = true;
  EXPECT_EQ(mss_clamp(tcp, {}), 1386);
  EXPECT_EQ(mss_clamp(frame("AES-256-GCM"), {Mssfix::Kind::fixed, 1200}), 1160);
  EXPECT_EQ(mss_clamp(frame("AES-256-GCM"), {Mssfix::Kind::mtu, 0}), 0);
  EXPECT_EQ(mss_clamp(frame("AES-256-GCM"), {Mssfix::Kind::mtu, 60}), 0);
}

// source: wire protocol 13.2, 13.4, seen on the wire
TEST(Frame, leaves_room_for_fragments_as_stock_does) {
  Frame fragmented = frame("AES-256-GCM");
  fragmented.fragment = true;
  EXPECT_EQ(fragment_limit(fragmented, {500}), 472u);
  EXPECT_EQ(fragment_limit(fragmented, {500, true}), 444u);
  EXPECT_EQ(mss_clamp(fragmented, {Mssfix::Kind::mtu, 500}), 404);
  EXPECT_EQ(options_link_mtu(fragmented, 1500), 1553u);
  Frame cbc = frame("AES-256-CBC");
  cbc.fragment = true;
  EXPECT_EQ(fragment_limit(cbc, {500}), (500u - 4 - 20 - 16) / 16 * 16 - 1 - 4 - 4);
  EXPECT_EQ(fragment_limit(fragmented, {30}), 4u) << "never nothing";
}

TEST(Cookie, belongs_to_one_address_one_session_and_its_time) {
  sim::SeededRng rng(1);
  const Cookie cookie(rng, std::chrono::seconds(60));
  const ip::Endpoint from{*ip::Address::parse("203.0.113.2"), 40000, 0};
  const auto client = wire::SessionId::random(rng);
  const Instant now{std::chrono::hours(5)};
  const auto made = cookie.make(from, client, now);
  EXPECT_EQ(cookie.make(from, client, now), made);
  EXPECT_TRUE(cookie.verify(made, from, client, now));
  EXPECT_TRUE(cookie.verify(made, from, client, now + std::chrono::seconds(599)));
  EXPECT_FALSE(cookie.verify(made, from, client, now + std::chrono::seconds(600)));
  ip::Endpoint elsewhere = from;
  elsewhere.port = 40001;
  EXPECT_FALSE(cookie.verify(made, elsewhere, client, now));
  EXPECT_FALSE(cookie.verify(made, from, wire::SessionId::random(rng), now));
  EXPECT_FALSE(cookie.verify(wire::SessionId::random(rng), from, client, now));
  EXPECT_FALSE(cookie.verify({}, from, client, now));
}

TEST(Liveness, pings_after_silence_and_gives_up_after_more) {
  using Verdict = Liveness::Verdict;
  using namespace std::chrono_literals;
  Liveness liveness;
  const Instant start{1h};
  liveness.start({10s, 60s}, start);
  EXPECT_EQ(liveness.check(start + 9s, start, start), Verdict::nothing);
  EXPECT_EQ(liveness.check(start + 10s, start, start), Verdict::ping_now);
  EXPECT_EQ(liveness.check(start + 20s, start + 15s, start), Verdict::nothing)
      << "something was sent";
  EXPECT_EQ(liveness.deadline().at, start + 25s);
  EXPECT_EQ(liveness.check(start + 60s, start + 59s, start + 30s), Verdict::nothing);
  EXPECT_EQ(liveness.check(start + 90s, start + 89s, start + 30s), Verdict::peer_gone);
}

}  // namespace
}  // namespace adit::session
