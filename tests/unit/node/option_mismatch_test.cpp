#include "node/option_mismatch.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace adit::node {
namespace {

constexpr std::string_view of_client =
    "V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,"
    "tls-client";
constexpr std::string_view of_server =
    "V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,"
    "tls-server";
constexpr std::string_view compressing_client =
    "V4,dev-type tun,link-mtu 1542,tun-mtu 1500,proto UDPv4,comp-lzo,auth SHA1,keysize 128,"
    "key-method 2,tls-client";

class Everything final : public LogSink {
 public:
  void write(const LogLine& line) override { lines.emplace_back(line.text); }
  int verbosity() const override { return 9; }
  std::vector<std::string> lines;
};

std::vector<std::string> told(const OptionsStrings& strings) {
  Everything kept;
  tell_mismatches(strings, Log(kept));
  return kept.lines;
}

bool has(const std::vector<std::string>& lines, std::string_view words) {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

TEST(OptionMismatch, ends_that_fit_are_no_news) {
  EXPECT_TRUE(told({of_server, of_client}).empty());
  EXPECT_TRUE(told({of_client, of_server}).empty());
}

TEST(OptionMismatch, a_pair_of_addresses_is_seen_from_the_other_side) {
  const std::string ours = std::string(of_client) + ",ifconfig 10.8.0.1 10.8.0.2";
  EXPECT_TRUE(told({ours, std::string(of_server) + ",ifconfig 10.8.0.2 10.8.0.1"}).empty());
  EXPECT_TRUE(has(told({ours, std::string(of_server) + ",ifconfig 10.8.0.1 10.8.0.2"}),
                  "'ifconfig' is used inconsistently"));
}

TEST(OptionMismatch, framing_on_one_side_is_told_in_plain_words) {
  const auto there = told({of_server, compressing_client});
  EXPECT_TRUE(has(there,
                  "WARNING: 'link-mtu' is used inconsistently, local='link-mtu 1541', "
                  "remote='link-mtu 1542'"));
  EXPECT_TRUE(has(there,
                  "WARNING: 'comp-lzo' is present in remote config but missing in local "
                  "config, remote='comp-lzo'"));
  EXPECT_TRUE(has(there, "the peer frames packets for compression and this side does not"));
  const auto here = told({compressing_client, of_server});
  EXPECT_TRUE(has(here,
                  "WARNING: 'comp-lzo' is present in local config but missing in remote "
                  "config, local='comp-lzo'"));
  EXPECT_TRUE(has(here, "this side frames packets for compression and the peer does not"));
}

TEST(OptionMismatch, a_pushed_framing_settles_it) {
  EXPECT_FALSE(has(told({of_server, compressing_client, true}), "nothing may get through"));
}

TEST(OptionMismatch, fragment_on_one_side_is_told) {
  const std::string theirs = std::string(of_client) + ",mtu-dynamic";
  EXPECT_TRUE(has(told({of_server, theirs}), "the peer uses \"fragment\" and this side does not"));
}

TEST(OptionMismatch, what_a_peer_says_is_shown_harmlessly) {
  const auto lines = told({of_server, std::string(of_client) + ",\x1b[31mred"});
  EXPECT_FALSE(has(lines, "\x1b"));
  EXPECT_TRUE(has(lines, "_[31mred"));
}

}  // namespace
}  // namespace adit::node
