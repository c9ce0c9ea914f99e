#include "setup/sites.h"

#include <gtest/gtest.h>

#include "setup/addresses.h"
#include "setup/firewall_plan.h"
#include "tests/unit/setup/addresses.h"
#include "tests/unit/setup/fake_host.h"

namespace adit::setup {
namespace {

// A server with one LAN, on a fake host.
class Sites : public testing::Test {
 protected:
  Sites() {
    ServerSettings settings;
    settings.network = prefix("10.8.0.0/24");
    settings.network6 = prefix("fd08::/64");
    settings.lans = {{prefix("192.168.1.0/24")}};
    settings.endpoint = "vpn.example.com";
    host_.now.files["/etc/adit/server.conf"] = {new_server_conf(settings, false)};
  }

  Result<Edit> add(const std::string& name, std::vector<ip::Prefix> lans,
                   std::vector<ip::Prefix> shown = {}, std::vector<std::string> deny = {}) {
    SiteRequest request{name, std::move(lans), std::move(shown), std::move(deny)};
    auto edit = edit_for_site(host_, "/etc/adit", request);
    if (edit) apply(*edit);
    return edit;
  }
  Result<Edit> remove(const std::string& name) {
    auto edit = edit_without_site(host_, "/etc/adit", name);
    if (edit) apply(*edit);
    return edit;
  }
  void apply(const Edit& edit) {
    if (edit.conf) host_.now.files["/etc/adit/server.conf"].text = *edit.conf;
    for (const auto& [name, text] : edit.clients) {
      host_.now.files.erase("/etc/adit/ccd/" + name);
      if (text) host_.now.files["/etc/adit/ccd/" + name] = {*text};
    }
  }
  std::string conf() { return host_.now.files.at("/etc/adit/server.conf").text; }
  std::string error_of(const Result<Edit>& edit) {
    EXPECT_FALSE(edit);
    return edit ? std::string{} : edit.error().text();
  }
  std::vector<Site> sites() { return sites_of(*read_server(host_, "/etc/adit")); }

  FakeHost host_;
};

TEST_F(Sites, AreWrittenIntoConfigurationAndClientFile) {
  ASSERT_TRUE(add("office", {prefix("192.168.7.0/24"), prefix("fd07::/64")}));
  EXPECT_EQ(
      "ifconfig-push 10.8.0.2 255.255.255.0\nifconfig-ipv6-push fd08::2/64\n"
      "iroute 192.168.7.0 255.255.255.0\niroute-ipv6 fd07::/64\n",
      host_.now.files.at("/etc/adit/ccd/office").text);
  for (const char* line :
       {"\nroute 192.168.7.0 255.255.255.0\n", "\npush \"route 192.168.7.0 255.255.255.0\"\n",
        "\nroute-ipv6 fd07::/64\n", "\npush \"route-ipv6 fd07::/64\"\n"}) {
    EXPECT_NE(std::string::npos, conf().find(line)) << line << conf();
  }
  const auto plan = read_plan(host_, "/etc/adit");
  ASSERT_TRUE(plan && *plan);
  EXPECT_EQ((std::vector{prefix("192.168.7.0/24"), prefix("fd07::/64")}), (*plan)->far);
  EXPECT_EQ(std::vector{prefix("192.168.1.0/24")}, (*plan)->lans);
}

TEST_F(Sites, RemovalLeavesTheConfigurationAsItWas) {
  const std::string before = conf();
  ASSERT_TRUE(add("office", {prefix("192.168.7.0/24")}, {prefix("10.77.1.0/24")}, {"10.8.0.0/24"}));
  EXPECT_NE(before, conf());
  ASSERT_TRUE(remove("office"));
  EXPECT_EQ(before, conf());
  EXPECT_EQ("ifconfig-push 10.8.0.2 255.255.255.0\nifconfig-ipv6-push fd08::2/64\n",
            host_.now.files.at("/etc/adit/ccd/office").text);
  EXPECT_TRUE(sites().empty());
}

TEST_F(Sites, OverlapIsRefusedByNamingBoth) {
  ASSERT_TRUE(add("office", {prefix("192.168.7.0/24")}));
  const std::string before = conf();
  std::string error = error_of(add("branch", {prefix("192.168.0.0/16")}));
  EXPECT_NE(std::string::npos, error.find("192.168.0.0/16 overlaps"));
  error = error_of(add("branch", {prefix("192.168.7.128/25")}));
  EXPECT_NE(std::string::npos, error.find("the site office 192.168.7.0/24")) << error;
  EXPECT_NE(std::string::npos, error.find("--map 10.77.")) << error;
  error = error_of(add("branch", {prefix("192.168.1.0/24")}));
  EXPECT_NE(std::string::npos, error.find("--lan 192.168.1.0/24")) << error;
  error = error_of(add("branch", {prefix("10.8.0.128/25")}));
  EXPECT_NE(std::string::npos, error.find("the tunnel's network 10.8.0.0/24")) << error;
  error = error_of(add("branch", {prefix("203.0.113.0/24")}));
  EXPECT_NE(std::string::npos, error.find("through eth0")) << error;
  error = error_of(add("branch", {prefix("172.16.1.0/24"), prefix("172.16.0.0/16")}));
  EXPECT_NE(std::string::npos, error.find("the site branch 172.16.1.0/24")) << error;
  EXPECT_EQ(before, conf());
}

TEST_F(Sites, WithTheSameAddressesAreSeenUnderOthers) {
  ASSERT_TRUE(add("office", {prefix("192.168.7.0/24")}));
  ASSERT_TRUE(add("branch", {prefix("192.168.7.0/24")}, {prefix("10.77.7.0/24")}));
  const auto all = sites();
  ASSERT_EQ(2u, all.size());
  EXPECT_EQ("branch", all[0].name);
  EXPECT_EQ(std::vector{prefix("10.77.7.0/24")}, all[0].seen);
  ASSERT_EQ(1u, all[0].maps.size());
  EXPECT_EQ(prefix("192.168.7.0/24"), all[0].maps[0].map.real);
  EXPECT_EQ(prefix("10.77.7.0/24"), all[0].maps[0].map.shown);
  const auto rules = gateway_rules(all[0]);
  ASSERT_TRUE(rules && *rules);
  EXPECT_NE(std::string::npos, (*rules)->find("10.77.7.0/24"));
  EXPECT_FALSE(*gateway_rules(all[1]));
}

TEST_F(Sites, MapMustFit) {
  EXPECT_NE(std::string::npos,
            error_of(add("a", {prefix("192.168.7.0/24")}, {prefix("10.77.0.0/16")}))
                .find("they differ in size"));
  EXPECT_NE(std::string::npos,
            error_of(add("a", {prefix("192.168.7.0/24"), prefix("192.168.8.0/24")},
                         {prefix("10.77.0.0/24")}))
                .find("each needs one"));
}

TEST_F(Sites, GivenAgainIsReplaced) {
  ASSERT_TRUE(add("office", {prefix("192.168.7.0/24")}));
  ASSERT_TRUE(add("office", {prefix("192.168.8.0/24")}));
  EXPECT_EQ(std::string::npos, conf().find("192.168.7.0"));
  EXPECT_EQ(std::vector{prefix("192.168.8.0/24")}, sites()[0].seen);
  EXPECT_EQ(address("10.8.0.2"), sites()[0].fixed);
}

TEST_F(Sites, DeniedNamesBecomeTheirNetworks) {
  ASSERT_TRUE(add("office", {prefix("192.168.7.0/24")}));
  ASSERT_TRUE(add("branch", {prefix("192.168.8.0/24")}, {}, {"office"}));
  EXPECT_EQ((std::vector{prefix("192.168.7.0/24"), prefix("10.8.0.2/32")}), sites()[0].denied);
  const auto plan = read_plan(host_, "/etc/adit");
  ASSERT_EQ(2u, (*plan)->denied.size());
  EXPECT_EQ(prefix("192.168.8.0/24"), (*plan)->denied[0].to);
  EXPECT_NE(std::string::npos,
            error_of(add("third", {prefix("192.168.9.0/24")}, {}, {"nobody"})).find("\"nobody\""));
}

TEST_F(Sites, NameWithABlankIsOneName) {
  const std::string before = conf();
  ASSERT_TRUE(
      add("Branch Office", {prefix("192.168.7.0/24")}, {prefix("10.77.1.0/24")}, {"10.8.0.0/24"}));
  const std::string with_one = conf();
  ASSERT_TRUE(add("Branch", {prefix("192.168.8.0/24")}, {prefix("10.77.2.0/24")}, {"10.9.0.0/24"}));
  const auto all = sites();
  ASSERT_EQ(2u, all.size());
  EXPECT_EQ("Branch Office", all[1].name);
  ASSERT_EQ(1u, all[1].maps.size());
  EXPECT_EQ(prefix("192.168.7.0/24"), all[1].maps[0].map.real);
  EXPECT_EQ(std::vector{prefix("10.8.0.0/24")}, all[1].denied);
  EXPECT_EQ(2u, (*read_plan(host_, "/etc/adit"))->denied.size());
  ASSERT_TRUE(remove("Branch"));
  EXPECT_EQ(with_one, conf());
  ASSERT_TRUE(remove("Branch Office"));
  EXPECT_EQ(before, conf());
}

TEST_F(Sites, NameWithABlankIsReadAsEarlierVersionsWroteIt) {
  ASSERT_TRUE(add("Branch Office", {prefix("10.77.1.0/24")}));
  const std::string before = conf();
  host_.now.files["/etc/adit/server.conf"].text +=
      "setenv ADIT_MAP \"Branch Office 192.168.7.0/24 10.77.1.0/24\"\n"
      "setenv ADIT_DENY \"Branch Office 10.8.0.0/24 192.168.1.0/24\"\n"
      "setenv ADIT_DENY \"Branch 10.8.0.0/33 10.9.0.0/24\"\n";
  const auto facts = *read_server(host_, "/etc/adit");
  ASSERT_EQ(1u, facts.maps.size());
  EXPECT_EQ("Branch Office", facts.maps[0].site);
  EXPECT_EQ((std::vector{prefix("10.8.0.0/24"), prefix("192.168.1.0/24")}),
            facts.denied.at("Branch Office"));
  EXPECT_EQ(std::vector{prefix("10.9.0.0/24")}, facts.denied.at("Branch"));
  ASSERT_TRUE(add("Branch Office", {prefix("10.77.1.0/24")}));
  EXPECT_EQ(before + "setenv ADIT_DENY \"Branch 10.8.0.0/33 10.9.0.0/24\"\n", conf());
}

TEST_F(Sites, NameWithQuotesIsOneName) {
  for (const char* name : {"O'Brien", "'a' b", "\"x\"", "back\\slash", "#1; two"}) {
    ASSERT_TRUE(add(name, {prefix("192.168.7.0/24")}, {prefix("10.77.1.0/24")}, {"10.8.0.0/24"}));
    ASSERT_EQ(1u, sites().size()) << name;
    EXPECT_EQ(1u, sites()[0].maps.size()) << name;
    EXPECT_EQ(1u, sites()[0].denied.size()) << name;
    ASSERT_TRUE(remove(name));
  }
}

TEST_F(Sites, UnknownOneCannotBeRemoved) {
  EXPECT_NE(std::string::npos, error_of(remove("office")).find("no site office"));
}

TEST_F(Sites, FixedAddressesAreChecked) {
  ASSERT_TRUE(add("office", {prefix("192.168.7.0/24")}));
  ServerFacts facts = *read_server(host_, "/etc/adit");
  const auto refusal = [&](const char* text) {
    const Status good = check_fixed_address(facts, "laptop", address(text));
    return good ? std::string{} : good.error().text();
  };
  EXPECT_EQ("", refusal("10.8.0.10"));
  EXPECT_NE(std::string::npos, refusal("10.8.0.1").find("server's own"));
  EXPECT_NE(std::string::npos, refusal("10.8.0.2").find("of office"));
  EXPECT_NE(std::string::npos, refusal("10.8.0.200").find("10.8.0.128 to 10.8.0.254"));
  EXPECT_NE(std::string::npos, refusal("10.9.0.5").find("not in the tunnel's network"));
  EXPECT_NE(std::string::npos, refusal("10.8.0.255").find("not an address for a host"));
  EXPECT_TRUE(check_fixed_address(facts, "office", address("10.8.0.2")));
  EXPECT_EQ(address("10.8.0.3"), free_fixed_address(facts));
  facts.ccd.clear();  // nowhere to write it
  EXPECT_NE(std::string::npos, refusal("10.8.0.10").find("client-config-dir"));
}

}  // namespace
}  // namespace adit::setup
