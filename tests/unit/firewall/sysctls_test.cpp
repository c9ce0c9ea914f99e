#include "firewall/sysctls.h"

#include <gtest/gtest.h>

#include "firewall/watch.h"
#include "tests/unit/firewall/saved.h"

namespace adit::firewall {
namespace {

std::string names(const std::vector<Sysctl>& sysctls) {
  std::string text;
  for (const Sysctl& sysctl : sysctls) text += sysctl.name + "=" + sysctl.value + "\n";
  return text;
}

TEST(FirewallSysctls, nothing_is_forwarded_where_nothing_is_behind_the_host) {
  Plan plan;
  plan.owner = "join-a";
  plan.device = "tun0";
  plan.tunnel = {net("10.8.0.0/24"), net("fd00::/64")};
  EXPECT_EQ(names(needed_sysctls(plan)), "");
}

TEST(FirewallSysctls, each_family_is_forwarded_only_when_it_passes) {
  EXPECT_EQ(names(needed_sysctls(office())),
            "net.ipv4.ip_forward=1\nnet.ipv4.conf.tun0.rp_filter=2\n");
  Plan six = office();
  six.device = "tun";
  six.lans = {net("fd01::/64")};
  six.far.clear();
  six.tunnel = {net("10.8.0.0/24"), net("fd00::/64")};
  EXPECT_EQ(names(needed_sysctls(six)), "net.ipv6.conf.all.forwarding=1\n");
}

TEST(FirewallSysctls, forwarding_does_not_cost_the_route_that_a_router_advertises) {
  Plan plan = office();
  plan.device = "tun";
  plan.tunnel.push_back(net("fd00::/64"));
  plan.full_tunnel = true;
  EXPECT_EQ(names(needed_sysctls(plan, {{"eth0"}, {"eth0"}})),
            "net.ipv6.conf.eth0.accept_ra=2\nnet.ipv6.conf.all.forwarding=1\n"
            "net.ipv4.ip_forward=1\nnet.ipv4.conf.tun*.rp_filter=2\n");
}

TEST(FirewallSysctls, strangers_still_come_in_when_the_way_out_leads_into_the_tunnel) {
  Plan plan = office();
  plan.far = {net("0.0.0.0/1"), net("128.0.0.0/1")};
  EXPECT_NE(names(needed_sysctls(plan, {{}, {"tun0", "wlan0"}}))
                .find("net.ipv4.conf.wlan0.rp_filter=2\n"),
            std::string::npos);
  EXPECT_EQ(names(needed_sysctls(plan, {{}, {"tun0"}})),
            "net.ipv4.ip_forward=1\nnet.ipv4.conf.tun0.rp_filter=2\n");
}

TEST(FirewallSysctls, uplinks_are_read_from_the_kernels_tables) {
  const std::string any(32, '0');
  const std::string other =
      "fd0000000000000000000000000000"
      "00";
  const auto uplinks = uplinks_of(system::parse_routes(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth1\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
      any + " 00 " + any +
          " 00 fe800000000000000000000000000001 00000400 00000003 00000000 "
          "00450003     wlan0\n" +
          any + " 00 " + any +
          " 00 fd000000000000000000000000000001 00000400 00000003 00000000 "
          "00000003     eth0\n" +
          any + " 00 " + any + " 00 " + any + " ffffffff 00000001 00000000 00200200       lo\n" +
          other + " 40 " + any + " 00 " + any + " 00000100 00000001 00000000 00040001     eth1\n"));
  EXPECT_EQ(uplinks.defaults, std::vector<std::string>{"eth0"});
  EXPECT_EQ(uplinks.advertised, std::vector<std::string>{"wlan0"});
}

class FakeFiles final : public Tools {
 public:
  std::map<std::string, std::string> files;
  std::optional<std::string> read(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  }
  bool has(const std::string&) override { return false; }
  std::optional<Output> run(const Command&) override { return std::nullopt; }
};

TEST(FirewallSysctls, the_wrong_ones_are_named_with_their_cure) {
  FakeFiles files;
  files.files = {{"/proc/sys/net/ipv4/ip_forward", "0\n"},
                 {"/proc/sys/net/ipv4/conf/tun0/rp_filter", "1\n"}};
  const auto troubles = wrong_sysctls(needed_sysctls(office()), files);
  ASSERT_EQ(troubles.size(), 2u);
  EXPECT_EQ(troubles[0].what, "net.ipv4.ip_forward is 0, not 1: packets pass through this host");
  EXPECT_EQ(troubles[0].cure, "sysctl -w net.ipv4.ip_forward=1");
  EXPECT_EQ(troubles[1].cure, "sysctl -w net.ipv4.conf.tun0.rp_filter=2");
}

TEST(FirewallSysctls, a_device_that_is_not_there_and_a_filter_that_is_off_are_no_trouble) {
  FakeFiles files;
  files.files = {{"/proc/sys/net/ipv4/ip_forward", "1\n"}};
  EXPECT_TRUE(wrong_sysctls(needed_sysctls(office()), files).empty());
  files.files["/proc/sys/net/ipv4/conf/tun0/rp_filter"] = "0\n";
  files.files["/proc/sys/net/ipv4/conf/all/rp_filter"] = "0\n";
  EXPECT_TRUE(wrong_sysctls(needed_sysctls(office()), files).empty());
  files.files["/proc/sys/net/ipv4/conf/all/rp_filter"] = "1\n";
  EXPECT_EQ(wrong_sysctls(needed_sysctls(office()), files).size(), 1u);
}

TEST(FirewallSysctls, a_pattern_stands_for_the_devices_that_are_there) {
  Plan plan = office();
  plan.device = "tun";
  FakeFiles files;
  files.files = {{"/proc/sys/net/ipv4/ip_forward", "1\n"},
                 {"/proc/net/dev",
                  "Inter-|   Receive      |  Transmit\n face |bytes    packets|bytes\n"
                  "    lo: 1 2 3\n  tun0: 1 2 3\n tun12: 1 2 3\n  eth0: 1 2 3\n"},
                 {"/proc/sys/net/ipv4/conf/tun0/rp_filter", "2\n"},
                 {"/proc/sys/net/ipv4/conf/tun12/rp_filter", "1\n"}};
  const auto troubles = wrong_sysctls(needed_sysctls(plan), files);
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].cure, "sysctl -w net.ipv4.conf.tun12.rp_filter=2");
}

TEST(FirewallSysctls, a_device_with_dots_in_its_name_has_one_folder) {
  EXPECT_EQ(sysctl_file("net.ipv4.ip_forward"), "/proc/sys/net/ipv4/ip_forward");
  EXPECT_EQ(sysctl_file("net.ipv4.conf.eth0.10.rp_filter"),
            "/proc/sys/net/ipv4/conf/eth0.10/rp_filter");
}

}  // namespace
}  // namespace adit::firewall
