#include "doctor/host_stages.h"

#include <set>

#include <gtest/gtest.h>

#include "options/parser.h"
#include "tests/sim/fakes.h"

namespace adit::doctor {
namespace {

using Families = std::vector<ip::Family>;

FarNetwork offered(const char* prefix) {
  return {std::string("lan ") + prefix, *ip::Prefix::parse(prefix), {}, {}};
}

options::Config server_with(const std::string& lines) {
  auto config =
      options::load_text("dev tun\nca a\ncert b\nkey c\ndh none\n" + lines, "server.conf");
  EXPECT_TRUE(config) << config.error().text();
  return config.value_or(options::Config{});
}

constexpr const char* network4 = "server 10.8.0.0 255.255.255.0\n";
constexpr const char* network6 = "server-ipv6 fd08::/64\n";

Stage stage_of_forwarding(const Families& families, std::set<ip::Family> on) {
  Report report;
  sim::MemoryNetwork network;
  network.forwarding = std::move(on);
  test_forwarding(report, families, network);
  return report.stages.empty() ? Stage{} : report.stages.front();
}

TEST(HostStages, families_are_those_of_the_networks_that_are_offered) {
  const options::Config both = server_with(std::string(network4) + network6);
  EXPECT_EQ(forwarded_families(both, {offered("192.168.1.0/24")}), Families{ip::Family::v4});
  EXPECT_EQ(forwarded_families(both, {offered("fd20::/64")}), Families{ip::Family::v6});
  EXPECT_EQ(forwarded_families(both, {offered("192.168.1.0/24"), offered("fd20::/64")}),
            (Families{ip::Family::v4, ip::Family::v6}));
  EXPECT_EQ(forwarded_families(both, {}), Families{});
}

TEST(HostStages, families_that_the_tunnel_has_not_are_not_forwarded) {
  EXPECT_EQ(
      forwarded_families(server_with(network6), {offered("192.168.1.0/24"), offered("fd20::/64")}),
      Families{ip::Family::v6});
}

TEST(HostStages, a_full_tunnel_forwards_what_it_takes) {
  const std::string both = std::string(network4) + network6;
  EXPECT_EQ(forwarded_families(server_with(both + "push \"redirect-gateway def1\"\n"), {}),
            Families{ip::Family::v4});
  EXPECT_EQ(forwarded_families(server_with(both + "push \"redirect-gateway def1 ipv6\"\n"), {}),
            (Families{ip::Family::v4, ip::Family::v6}));
  EXPECT_EQ(forwarded_families(server_with(both + "push \"redirect-gateway ipv6 !ipv4\"\n"), {}),
            Families{ip::Family::v6});
}

TEST(HostStages, forwarding_is_tested_for_each_family) {
  EXPECT_EQ(stage_of_forwarding({ip::Family::v6}, {ip::Family::v6}).state, State::ok);
  const Stage only_v4 = stage_of_forwarding({ip::Family::v6}, {ip::Family::v4});
  EXPECT_EQ(only_v4.state, State::failed);
  EXPECT_EQ(only_v4.evidence, "net.ipv6.conf.all.forwarding is 0: this host forwards no IPv6");
  EXPECT_EQ(only_v4.cure,
            "sysctl -w net.ipv6.conf.all.forwarding=1, and the same in /etc/sysctl.d");
  const Stage neither = stage_of_forwarding({ip::Family::v4, ip::Family::v6}, {ip::Family::v6});
  EXPECT_EQ(neither.evidence, "net.ipv4.ip_forward is 0: this host forwards no IPv4");
  EXPECT_EQ(stage_of_forwarding({ip::Family::v4, ip::Family::v6}, {ip::Family::v4, ip::Family::v6})
                .evidence,
            "net.ipv4.ip_forward is 1, net.ipv6.conf.all.forwarding is 1");
}

Stage stage_of_process(bool held, std::optional<std::string> who) {
  Report report;
  test_process(report, {"udp 1194", held, std::move(who), "/etc/adit/server.conf"});
  return report.stages.at(0);
}

TEST(HostStages, a_program_that_only_root_can_see_is_not_nobody) {
  const Stage hidden = stage_of_process(true, std::nullopt);
  EXPECT_EQ(hidden.state, State::not_tested);
  EXPECT_EQ(hidden.evidence, "udp 1194 is held by a program that only root can see");
  const Stage nobody = stage_of_process(false, std::nullopt);
  EXPECT_EQ(nobody.state, State::failed);
  EXPECT_EQ(nobody.evidence, "no program holds udp 1194");
}

TEST(HostStages, the_program_that_is_seen_is_a_server_or_in_its_way) {
  EXPECT_EQ(stage_of_process(true, "adit (pid 7)").state, State::ok);
  EXPECT_EQ(stage_of_process(true, "openvpn (pid 7)").state, State::ok);
  EXPECT_EQ(stage_of_process(true, "dnsmasq (pid 7)").evidence,
            "udp 1194 is held by dnsmasq (pid 7)");
}

}  // namespace
}  // namespace adit::doctor
