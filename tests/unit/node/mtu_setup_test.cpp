// What is made of link-mtu beyond stock's figures, which tests/vectors holds.

#include "node/mtu_setup.h"

#include <gtest/gtest.h>

#include "node/channel_setup.h"
#include "tests/unit/options/reading.h"

namespace adit::node {
namespace {

using options::testing::client_with;
using options::testing::server_with;

MtuSetup server_mtu(const options::Config& config) {
  return make_mtu_setup(config, config.connection);
}
MtuSetup client_mtu(const options::Config& config) {
  return make_mtu_setup(config, config.remotes.list.at(0));
}

session::Negotiated negotiated(std::string cipher) {
  session::Negotiated result;
  result.cipher = std::move(cipher);
  result.auth = "SHA1";
  result.data_v2 = true;
  return result;
}

TEST(LinkMtuNote, tells_the_line_and_what_is_done) {
  const auto server = server_with("link-mtu 1300\n");
  EXPECT_EQ(link_mtu_note(server, server_mtu(server)),
            "test.conf:9: link-mtu 1300 is obsolete: using tun-mtu 1275 and pushing it - "
            "write \"tun-mtu 1275\" instead");
  const auto client = client_with("udp-mtu 1300\n");
  EXPECT_EQ(link_mtu_note(client, client_mtu(client)),
            "test.conf:8: udp-mtu 1300 is obsolete: using tun-mtu 1275 - "
            "write \"tun-mtu 1275\" instead");
  const auto other = client_with("tun-mtu 1300\n");
  EXPECT_EQ(link_mtu_note(other, client_mtu(other)), "");
}

TEST(LinkMtu, that_leaves_nothing_is_refused_with_its_figures) {
  const auto config = server_with("link-mtu 120\n");
  const Status status = check_tun_mtu(server_mtu(config));
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text().find("link-mtu 120 leaves a tun-mtu of 95; at least 100"),
            std::string::npos)
      << status.error().text();
  EXPECT_TRUE(check_tun_mtu(server_mtu(server_with("link-mtu 131\n"))));
}

// The pushed tun-mtu fits into link-mtu with what was negotiated, whatever "cipher" says.
TEST(LinkMtu, bounds_the_tun_mtu_that_is_pushed) {
  const auto pushed = [](std::string_view lines, const char* cipher) {
    const auto config = server_with(lines);
    FrameFacts facts;
    facts.compression = config.channel.compression;
    return tun_mtu_to_push(negotiated(cipher), config.channel, facts, server_mtu(config));
  };
  EXPECT_EQ(pushed("link-mtu 1300\n", "AES-256-GCM"), 1275u);
  EXPECT_EQ(pushed("link-mtu 1300\ncomp-lzo\n", "AES-256-GCM"), 1275u);   // 24 and 1, all of it
  EXPECT_EQ(pushed("link-mtu 1300\nauth none\n", "AES-256-GCM"), 1276u);  // ours is 1295
  EXPECT_EQ(pushed("link-mtu 1300\n", "AES-256-CBC"), 1243u);  // 1300 - 40, whole blocks, id, pad
  EXPECT_EQ(pushed("link-mtu 131\n", "AES-256-CBC"), 100u);    // a client refuses less
  EXPECT_EQ(pushed("tun-mtu 1400\n", "AES-256-CBC"), 1400u);
  EXPECT_EQ(pushed("", "AES-256-GCM"), 1500u);
}

TEST(LinkMtu, of_a_client_bounds_what_is_pushed_to_it) {
  const auto with = client_mtu(client_with("link-mtu 1300\n"));
  EXPECT_EQ(tun_mtu_to_use(with, 1500), 1275u);
  EXPECT_EQ(tun_mtu_to_use(with, 1200), 1200u);
  EXPECT_EQ(tun_mtu_to_use(with, std::nullopt), 1275u);
  const auto without = client_mtu(client_with("tun-mtu 1300\n"));
  EXPECT_EQ(tun_mtu_to_use(without, 1500), 1500u);
  EXPECT_EQ(tun_mtu_to_use(without, std::nullopt), 1300u);
}

TEST(LinkMtu, leaves_mssfix_on) {
  const auto mss = [](std::string_view lines, const char* cipher) {
    const auto config = server_with(lines);
    const auto chosen = negotiated(cipher);
    plane::PeerSpec spec;
    fit_packets(spec, &chosen, config.channel, FrameFacts{}, server_mtu(config));
    return spec.mss;
  };
  EXPECT_EQ(mss("link-mtu 1300\n", "AES-256-GCM"), 1275 - 40);
  EXPECT_EQ(mss("link-mtu 1300\n", "AES-256-CBC"), 1243 - 40);
  EXPECT_EQ(mss("link-mtu 1300\nmssfix 0\n", "AES-256-GCM"), 0);
}

}  // namespace
}  // namespace adit::node
