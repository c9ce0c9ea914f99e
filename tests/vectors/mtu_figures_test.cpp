// Sizes of tunnels, held against what stock computes of the same lines.

#include <gtest/gtest.h>

#include "base/text.h"
#include "node/channel_setup.h"
#include "options/parser.h"
#include "tests/vectors/vectors.h"

namespace adit::vectors {
namespace {

using nlohmann::json;

// One row: its lines as our configuration, and what we compute of them.
struct Figures {
  options::Config config;
  node::MtuSetup mtu;
  std::string options;
  plane::PeerSpec spec;
};

std::string text_of(const json& row) {
  const bool server = row.at("role") == "server";
  const std::string proto = row.at("proto");
  std::string text = "dev tun\nca c\ncert c\nkey k\nproto " + proto;
  if (proto.starts_with("tcp")) text += server ? "-server" : "-client";
  text += server ? "\nserver 10.8.0.0 255.255.255.0\ntopology subnet\ndh none\n"
                 : "\ntls-client\nremote 192.0.2.1\nnobind\nifconfig 10.8.0.2 10.8.0.1\n";
  for (const json& line : row.at("lines")) text += line.get<std::string>() + "\n";
  return text;
}

session::Negotiated negotiated_of(const json& row, const options::Config& config) {
  session::Negotiated negotiated;
  negotiated.cipher = row.at("cipher");
  if (negotiated.cipher == "[null-cipher]") negotiated.cipher = "none";
  negotiated.auth = config.channel.auth;
  negotiated.data_v2 = true;
  return negotiated;
}

Figures figures_of(const json& row) {
  options::Parsed parsed = options::parse_text(text_of(row), "row.conf");
  options::complete(parsed);
  for (const options::Issue& issue : parsed.issues) {
    EXPECT_NE(issue.severity, options::Issue::Severity::error) << issue.text();
  }
  Figures ours{std::move(parsed.config), {}, {}, {}};
  const bool server = row.at("role") == "server";
  const options::Connection& connection =
      server ? ours.config.connection : ours.config.remotes.list.at(0);
  const bool tcp = connection.proto.is_tcp();
  ours.mtu = node::make_mtu_setup(ours.config, connection);
  node::OptionsStringFacts facts;
  facts.tls_server = server;
  facts.tcp = tcp;
  facts.point_to_point = !server;
  facts.fragment = connection.fragment.has_value();
  ours.options = node::make_options_string(ours.config, facts, ours.mtu);
  const session::Negotiated negotiated = negotiated_of(row, ours.config);
  node::FrameFacts frame;
  frame.compression = ours.config.channel.compression;
  frame.tcp = tcp;
  frame.outer_v6 = row.at("proto").get<std::string>().ends_with('6');
  node::fit_packets(ours.spec, &negotiated, ours.config.channel, frame, ours.mtu);
  return ours;
}

std::string without_addresses(std::string_view options) {
  std::string kept;
  for (std::string_view item : split(options, ',')) {
    if (!item.starts_with("ifconfig ")) kept += std::string(item) + ',';
  }
  return kept;
}

bool has_link_mtu(const json& row) {
  return std::ranges::any_of(row.at("lines"), [](const json& line) {
    const auto text = line.get<std::string>();
    return text.starts_with("link-mtu ") || text.starts_with("udp-mtu ");
  });
}

// With link-mtu stock switches its default mssfix off; ours stays. See
// docs/decisions/0010-link-mtu.md.
bool clamps_more_than_stock(const json& row) { return has_link_mtu(row) && row.at("mss4") == 0; }

class MtuFigures : public testing::Test {
 protected:
  void SetUp() override { ASSERT_GE(rows.size(), 200u); }
  const json& rows = load("mtu-figures.json").at("rows");
};

TEST_F(MtuFigures, the_tun_mtu_is_stocks) {
  for (const json& row : rows) {
    SCOPED_TRACE(row.dump());
    EXPECT_EQ(figures_of(row).mtu.tun_mtu, row.at("device_mtu").get<unsigned>());
  }
}

TEST_F(MtuFigures, the_options_string_is_stocks) {
  for (const json& row : rows) {
    if (!row.contains("options")) continue;
    SCOPED_TRACE(row.dump());
    EXPECT_EQ(without_addresses(figures_of(row).options),
              without_addresses(row.at("options").get<std::string>()));
  }
}

TEST_F(MtuFigures, tcp_inside_is_clamped_as_stock_clamps_it) {
  for (const json& row : rows) {
    if (clamps_more_than_stock(row)) continue;
    SCOPED_TRACE(row.dump());
    const unsigned mss4 = figures_of(row).spec.mss;
    EXPECT_EQ(mss4, row.at("mss4").get<unsigned>());
    constexpr unsigned more6 = 20;  // stock's figure turns over where less than that is left
    if (mss4 == 0 || mss4 > more6) {
      EXPECT_EQ(mss4 == 0 ? 0 : mss4 - more6, row.at("mss6").get<unsigned>());
    }
  }
}

TEST_F(MtuFigures, packets_are_cut_where_stock_cuts_them) {
  for (const json& row : rows) {
    SCOPED_TRACE(row.dump());
    EXPECT_EQ(figures_of(row).spec.fragment_most, row.at("fragment_limit").get<std::size_t>());
  }
}

TEST_F(MtuFigures, with_link_mtu_tcp_inside_fits_into_it) {
  std::size_t seen = 0;
  for (const json& row : rows) {
    if (!clamps_more_than_stock(row)) continue;
    SCOPED_TRACE(row.dump());
    ++seen;
    const Figures ours = figures_of(row);
    EXPECT_GT(ours.spec.mss, 0);
    EXPECT_LE(ours.spec.mss + 40u, ours.mtu.tun_mtu);
  }
  EXPECT_GE(seen, 20u);
}

}  // namespace
}  // namespace adit::vectors
