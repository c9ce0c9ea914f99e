#include "node/complaints.h"

#include <gtest/gtest.h>

#include "tests/sim/seeded_rng.h"
#include "wire/opcode.h"

namespace adit::node {
namespace {

using wire::Opcode;
using Kind = Wrapping::Kind;

const ip::Endpoint stranger{*ip::Address::parse("203.0.113.2"), 40000, 0};

Buffer packet(Opcode opcode) {
  return Buffer(60, static_cast<std::uint8_t>(std::uint8_t(opcode) << 3));
}

Wrapping wrapping_of(Kind kind) {
  Wrapping wrapping;
  wrapping.kind = kind;
  wrapping.tls_server = true;
  return wrapping;
}

Wrapping v2_only() {
  Wrapping wrapping = wrapping_of(Kind::none);
  sim::SeededRng rng(1);
  wrapping.v2_server = crypto::TlsCryptV2ServerKey::generate(rng);
  return wrapping;
}

std::string line_about(Opcode opcode, Drop verdict, const Wrapping& wrapping) {
  const auto complaint = complaint_about(packet(opcode), verdict, stranger, wrapping);
  if (!complaint) return {};
  EXPECT_TRUE(complaint->advice.starts_with("203.0.113.2:40000 ")) << complaint->advice;
  return complaint->line;
}

TEST(Complaints, say_what_is_wrong_with_the_key_in_the_words_of_stock) {
  const std::string who = " from [AF_INET]203.0.113.2:40000";
  const Opcode reset = Opcode::hard_reset_client_v2;
  EXPECT_EQ(line_about(reset, Drop::bad_tag, wrapping_of(Kind::tls_auth)),
            "TLS Error: incoming packet authentication failed" + who);
  EXPECT_EQ(line_about(reset, Drop::malformed, wrapping_of(Kind::tls_auth)),
            "TLS Error: cannot locate HMAC in incoming packet" + who);
  EXPECT_EQ(line_about(reset, Drop::bad_tag, wrapping_of(Kind::tls_crypt)),
            "TLS Error: tls-crypt unwrapping failed" + who);
  EXPECT_EQ(line_about(reset, Drop::malformed, wrapping_of(Kind::none)),
            "TLS Error: reading acknowledgement record from packet failed" + who);
  EXPECT_EQ(line_about(Opcode::hard_reset_client_v3, Drop::bad_tag, v2_only()),
            "TLS Error: can not extract tls-crypt-v2 client key" + who);
  EXPECT_EQ(line_about(reset, Drop::unknown_opcode, v2_only()),
            "TLS Error: can not extract tls-crypt-v2 client key" + who);
}

TEST(Complaints, name_the_line_that_the_other_side_lacks) {
  const auto advice = [](const Wrapping& wrapping, Drop verdict) {
    return complaint_about(packet(Opcode::hard_reset_client_v2), verdict, stranger, wrapping)
        ->advice;
  };
  Wrapping wrapping = wrapping_of(Kind::tls_auth);
  wrapping.direction = 0;
  wrapping.file = "/etc/openvpn/ta.key";
  wrapping.where = "server.conf:17";
  EXPECT_EQ(advice(wrapping, Drop::malformed),
            "203.0.113.2:40000 sent a packet without tls-auth: its config lacks the line "
            "\"tls-auth ta.key 1\", with the same key that is here (server.conf:17)");
  EXPECT_EQ(
      advice(wrapping, Drop::bad_tag),
      "203.0.113.2:40000 has a different tls-auth key, another \"auth\" digest, or the wrong "
      "direction: it must be 0 on one side and 1 on the other; here it is 0 (server.conf:17)");
  wrapping.file.clear();
  wrapping.direction = 1;
  EXPECT_NE(
      advice(wrapping, Drop::malformed).find("lacks the block <tls-auth> and \"key-direction 0\""),
      std::string::npos);
}

TEST(Complaints, tell_the_right_key_in_the_wrong_direction_from_a_wrong_key) {
  sim::SeededRng rng(3);
  Wrapping server = wrapping_of(Kind::tls_auth);
  server.key = crypto::StaticKey::generate(rng);
  server.direction = 0;
  const auto advice_on_packet_of = [&](const crypto::StaticKey& key, std::optional<int> direction) {
    const auto cipher = crypto::make_tls_auth(server.digest, key, direction);
    Buffer datagram(200);
    const auto size = cipher->seal({Opcode::hard_reset_client_v2, 0}, wire::SessionId::random(rng),
                                   {1, 1}, Buffer(5), datagram);
    datagram.resize(size.value_or(0));
    return complaint_about(datagram, Drop::bad_tag, stranger, server)->advice;
  };
  const std::string same = "has the right tls-auth key and the wrong direction";
  EXPECT_NE(advice_on_packet_of(server.key, 0).find(same), std::string::npos);
  EXPECT_NE(advice_on_packet_of(server.key, std::nullopt).find(same), std::string::npos);
  EXPECT_EQ(advice_on_packet_of(crypto::StaticKey::generate(rng), 0).find(same), std::string::npos);
}

TEST(Complaints, a_silent_server_is_explained_by_what_this_end_has) {
  const std::string without = advice_on_silence(stranger, wrapping_of(Kind::none));
  EXPECT_TRUE(without.starts_with("No reply from 203.0.113.2:40000 so far."));
  EXPECT_NE(without.find("which this config lacks"), std::string::npos);
  EXPECT_NE(without.find("add the line it has, \"tls-auth ta.key 1\""), std::string::npos);
  const std::string with = advice_on_silence(stranger, wrapping_of(Kind::tls_auth));
  EXPECT_NE(with.find("key may be another than the one here"), std::string::npos);
}

TEST(Complaints, are_not_made_about_noise_and_late_packets) {
  const Wrapping auth = wrapping_of(Kind::tls_auth);
  EXPECT_FALSE(complaint_about({}, Drop::malformed, stranger, auth));
  EXPECT_EQ(line_about(Opcode::data_v2, Drop::bad_tag, auth), "");
  EXPECT_EQ(line_about(Opcode::control_v1, Drop::unknown_peer, auth), "");
  EXPECT_EQ(line_about(Opcode::hard_reset_client_v2, Drop::queue_full, auth), "");
  EXPECT_EQ(line_about(Opcode::control_v1, Drop::malformed, wrapping_of(Kind::none)), "");
  EXPECT_EQ(line_about(Opcode::control_v1, Drop::unknown_opcode, v2_only()), "");
}

class CountingSink final : public LogSink {
 public:
  void write(const LogLine&) override { ++lines; }
  [[nodiscard]] int verbosity() const override { return 3; }
  unsigned lines = 0;
};

TEST(Complaints, fall_silent_when_there_are_many) {
  CountingSink sink;
  const Wrapping wrapping = wrapping_of(Kind::tls_crypt);
  Complaints complaints(wrapping, Log(sink));
  const Buffer first = packet(Opcode::hard_reset_client_v2);
  const Instant now{std::chrono::hours(1)};
  for (int i = 0; i < 1000; ++i) complaints.about(first, Drop::bad_tag, stranger, now);
  EXPECT_EQ(sink.lines, 21u);  // two each; what to do is said once for an address
  complaints.about(first, Drop::bad_tag, stranger, now + std::chrono::seconds(10));
  EXPECT_EQ(sink.lines, 24u);  // with the number of those that were left out
  const ip::Endpoint other{*ip::Address::parse("203.0.113.3"), 40000, 0};
  complaints.about(first, Drop::bad_tag, other, now + std::chrono::seconds(11));
  EXPECT_EQ(sink.lines, 27u);
}

TEST(Complaints, that_are_not_made_cost_nothing) {
  CountingSink sink;
  Wrapping wrapping = wrapping_of(Kind::tls_auth);
  Complaints complaints(wrapping, Log(sink));
  const Buffer first = packet(Opcode::hard_reset_client_v2);
  const Instant now{std::chrono::hours(1)};
  for (int i = 0; i < 10; ++i) complaints.about(first, Drop::bad_tag, stranger, now);
  const unsigned said = sink.lines;
  wrapping.digest.name = "none that there is";  // trying another direction would end the program
  for (int i = 0; i < 1000; ++i) complaints.about(first, Drop::bad_tag, stranger, now);
  EXPECT_EQ(sink.lines, said);
}

}  // namespace
}  // namespace adit::node
