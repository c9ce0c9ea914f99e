#include "setup/names.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "setup/resolv_conf.h"
#include "tests/unit/setup/fake_host.h"

namespace adit::setup {
namespace {

using ports::NameServer;
using ports::NameSettings;

constexpr const char* resolv_conf = "/etc/resolv.conf";
constexpr const char* before =
    "# by hand\ndomain home.example\nnameserver 192.0.2.53\noptions edns0\n";

NameServer server(std::initializer_list<const char*> addresses) {
  NameServer made;
  for (const char* text : addresses) made.addresses.push_back({*ip::Address::parse(text), 0, 0});
  return made;
}

NameSettings office() {
  NameSettings settings;
  settings.device = "tun0";
  settings.servers = {server({"10.8.0.1", "fd00::1"})};
  settings.search = {"office.example"};
  return settings;
}

NamesPlace place_of(const std::string& device) {
  return {"/run/adit/names", device + "-4026531840", resolv_conf};
}

void tell_nobody(const std::string&) {}

class Names : public ::testing::Test {
 protected:
  Names() {
    host_.now.files[resolv_conf] = {before, 0644};
    host_.now.folders["/run"] = 0755;
  }

  void use_resolved() {
    host_.now.files[resolv_conf] = {"nameserver 127.0.0.53\noptions edns0 trust-ad\n", 0644};
    host_.now.files["/sys/class/net/tun0/ifindex"] = {"7\n", 0444};
  }

  Status set(const NameSettings& settings) {
    return set_names(host_, place_of(settings.device), settings,
                     [this](const std::string& line) { told_.push_back(line); });
  }
  Status clear() { return clear_names(host_, place_of("tun0"), tell_nobody); }
  std::string text() const { return host_.now.files.at(resolv_conf).text; }
  bool was_told(const std::string& part) const {
    return std::ranges::any_of(
        told_, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  bool has_run(const std::string& part) const {
    return std::ranges::any_of(
        host_.ran, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  FakeHost host_;
  std::vector<std::string> told_;
};

TEST(ResolvConf, gets_servers_and_domains_and_keeps_the_rest) {
  EXPECT_EQ(changed_resolv_conf(before, "tun0", {"10.8.0.1"}, {"office.example"}),
            "# Set by adit for tun0; what stood here before comes back when the tunnel ends.\n"
            "search office.example home.example\n"
            "nameserver 10.8.0.1\n"
            "# by hand\n"
            "options edns0\n");
  const std::string searched = changed_resolv_conf(before, "tun0", {}, {"office.example"});
  EXPECT_NE(searched.find("nameserver 192.0.2.53"), std::string::npos) << searched;
}

TEST(ResolvConf, tells_who_is_asked) {
  EXPECT_TRUE(names_resolved_stub("# x\nnameserver 127.0.0.53\n"));
  EXPECT_FALSE(names_resolved_stub("# nameserver 127.0.0.53\nnameserver 192.0.2.1\n"));
  EXPECT_TRUE(
      asks_by_nss("passwd: files\nhosts: mymachines resolve [!UNAVAIL=return] files dns\n"));
  const std::string text =
      "#nameserver ::1\nnameserver 192.0.2.1\nsearch a\nnameserver\nnameserver fe80::1%eth0\n";
  EXPECT_EQ(name_servers_of(text), (std::vector<std::string>{"192.0.2.1", "fe80::1%eth0"}));
  EXPECT_FALSE(asks_by_nss("hosts: files dns\nnetworks: resolve\n"));
}

TEST_F(Names, are_written_and_brought_back) {
  const FakeHost::Look whole = host_.now;
  ASSERT_TRUE(set(office()));
  EXPECT_NE(text().find("nameserver 10.8.0.1\nnameserver fd00::1\n"), std::string::npos) << text();
  EXPECT_TRUE(was_told("DNS by /etc/resolv.conf: 10.8.0.1 fd00::1 for all names"));
  ASSERT_TRUE(clear());
  EXPECT_EQ(host_.now.files, whole.files);
}

TEST_F(Names, come_back_to_the_first_state_after_a_change) {
  ASSERT_TRUE(set(office()));
  NameSettings other = office();
  other.servers = {server({"10.9.0.1"})};
  ASSERT_TRUE(set(other));
  EXPECT_EQ(text().find("10.8.0.1"), std::string::npos) << text();
  EXPECT_NE(text().find("search office.example home.example\n"), std::string::npos) << text();
  ASSERT_TRUE(clear());
  EXPECT_EQ(text(), before);
}

TEST_F(Names, are_left_alone_when_somebody_has_changed_them_since) {
  ASSERT_TRUE(set(office()));
  host_.now.files[resolv_conf].text = "nameserver 198.51.100.53\n";
  ASSERT_TRUE(clear());
  EXPECT_EQ(text(), "nameserver 198.51.100.53\n");
}

TEST_F(Names, come_back_wherever_the_process_was_killed) {
  const auto files = host_.now.files;
  for (unsigned change = 1;; ++change) {
    const bool killed = host_.killed_at(change, [&] { static_cast<void>(set(office())); });
    recover_names(
        host_, place_of(""), [](const std::string&) { return false; }, tell_nobody);
    EXPECT_EQ(host_.now.files, files) << "killed at change " << change;
    if (!killed) break;
    ASSERT_LT(change, 50u);
  }
}

TEST_F(Names, of_living_tunnels_and_other_namespaces_are_not_recovered) {
  ASSERT_TRUE(set(office()));
  const std::string ours = text();
  recover_names(
      host_, place_of(""), [](const std::string&) { return true; }, tell_nobody);
  EXPECT_EQ(text(), ours);
  recover_names(
      host_, {"/run/adit/names", "-4026531999", resolv_conf},
      [](const std::string&) { return false; }, tell_nobody);
  EXPECT_EQ(text(), ours);
}

TEST_F(Names, in_the_file_are_one_tunnels_alone) {
  ASSERT_TRUE(set(office()));
  NameSettings second = office();
  second.device = "tun1";
  const Status refused = set(second);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("what tun0 brings"), std::string::npos);
}

TEST_F(Names, for_single_domains_need_a_resolver_that_can_tell_them_apart) {
  NameSettings split = office();
  split.servers[0].domains = {"corp.example"};
  split.search.clear();
  ASSERT_TRUE(set(split));
  EXPECT_EQ(text(), before);
  EXPECT_TRUE(was_told("it is for corp.example only"));
}

TEST_F(Names, go_to_the_first_server_that_the_way_can_use) {
  NameSettings settings = office();
  settings.servers = {server({"10.8.0.3"}), server({"10.8.0.4"}), server({"10.8.0.5"})};
  settings.servers[0].transport = "DoH";
  settings.servers[1].addresses[0].port = 5353;
  ASSERT_TRUE(set(settings));
  EXPECT_NE(text().find("nameserver 10.8.0.5"), std::string::npos) << text();
  EXPECT_TRUE(was_told("10.8.0.3 is not used"));
  EXPECT_TRUE(was_told("10.8.0.4:5353 is not used: a port other than 53"));
}

TEST_F(Names, go_to_systemd_resolved_where_programs_ask_it) {
  use_resolved();
  NameSettings settings = office();
  settings.servers[0].dnssec = "optional";
  settings.servers[0].transport = "DoT";
  settings.servers[0].sni = "dns.example";
  settings.servers[0].addresses[0].port = 853;
  ASSERT_TRUE(set(settings));
  EXPECT_TRUE(has_run("SetLinkDNSEx ia(iayqs) 7 2 2 4 10 8 0 1 853 dns.example 10 16 253 0"));
  EXPECT_TRUE(has_run("SetLinkDNSSEC is 7 allow-downgrade"));
  EXPECT_TRUE(has_run("SetLinkDNSOverTLS is 7 yes"));
  EXPECT_TRUE(has_run("SetLinkDomains ia(sb) 7 2 office.example false . true"));
  EXPECT_TRUE(has_run("SetLinkDefaultRoute ib 7 true"));
  EXPECT_FALSE(has_run("RevertLink"));
  ASSERT_TRUE(clear());
  EXPECT_TRUE(has_run("RevertLink i 7"));
}

TEST_F(Names, are_split_by_systemd_resolved) {
  use_resolved();
  NameSettings settings = office();
  settings.servers[0].domains = {"corp.example", "office.example"};
  ASSERT_TRUE(set(settings));
  EXPECT_TRUE(has_run("SetLinkDomains ia(sb) 7 2 office.example false corp.example true"));
  EXPECT_TRUE(has_run("SetLinkDefaultRoute ib 7 false"));
}

TEST_F(Names, go_to_resolvconf_where_it_is) {
  host_.now.files["/sbin/resolvconf"] = {"#!/bin/sh\n", 0755};
  ASSERT_TRUE(set(office()));
  EXPECT_TRUE(has_run("resolvconf -a \"$0\" tun0.openvpn search office.example\nnameserver"));
  EXPECT_EQ(text(), before);
  ASSERT_TRUE(clear());
  EXPECT_TRUE(has_run("resolvconf -d tun0.openvpn"));
}

TEST_F(Names, outside_the_tunnel_are_stopped_on_demand) {
  NameSettings settings = office();
  settings.only_inside = true;
  settings.outer = ip::Endpoint{*ip::Address::parse("203.0.113.2"), 53, 0};
  ASSERT_TRUE(set(settings));
  ASSERT_TRUE(host_.now.rules.contains("names-tun0"));
  const std::string rules = host_.now.rules.at("names-tun0");
  EXPECT_NE(rules.find("ip daddr 203.0.113.2 udp dport 53 accept"), std::string::npos) << rules;
  EXPECT_NE(rules.find("oifname != { \"lo\", \"tun0\" } udp dport { 53, 853 } counter drop"),
            std::string::npos)
      << rules;
  ASSERT_TRUE(clear());
  EXPECT_FALSE(host_.now.rules.contains("names-tun0"));
}

TEST_F(Names, are_the_same_after_a_trip_to_another_process) {
  NameSettings settings = office();
  settings.servers[0].domains = {"corp.example"};
  settings.servers[0].addresses[1].port = 5353;
  settings.only_inside = true;
  settings.by_script = true;
  settings.outer = ip::Endpoint{*ip::Address::parse("2001:db8::1"), 1194, 0};
  settings.variables = {{"dev", "tun0"}, {"dns_search_domain_1", "office.example"}};
  const auto again = parse_name_settings(render(settings));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, settings);
  EXPECT_FALSE(parse_name_settings("clear"));
  EXPECT_FALSE(parse_name_settings("{}"));
}

}  // namespace
}  // namespace adit::setup
