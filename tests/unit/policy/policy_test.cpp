#include <gtest/gtest.h>

#include "policy/address_pool.h"
#include "policy/client_plan.h"

namespace adit::policy {
namespace {

using options::Topology;

const Instant now{std::chrono::hours(1)};

PoolSetup pool_of(Topology topology, const char* first, const char* last) {
  PoolSetup setup;
  setup.topology = topology;
  setup.first4 = ip::Address::parse_v4(first);
  setup.last4 = ip::Address::parse_v4(last);
  return setup;
}

TEST(AddressPool, net30_gives_the_second_pair_of_each_block_of_four) {
  AddressPool pool(pool_of(Topology::net30, "10.8.0.4", "10.8.0.251"));
  EXPECT_EQ(pool.size(), 62u);
  const auto lease = pool.acquire("a", now);
  EXPECT_EQ(lease->v4->text(), "10.8.0.6");
  EXPECT_EQ(lease->v4_peer->text(), "10.8.0.5");
  EXPECT_EQ(pool.acquire("b", now)->v4->text(), "10.8.0.10");
}

TEST(AddressPool, remembers_names_and_prefers_what_was_never_used) {
  AddressPool pool(pool_of(Topology::subnet, "10.8.0.2", "10.8.0.5"));
  const auto a = pool.acquire("a", now);
  pool.release(a->slot, now);
  EXPECT_EQ(pool.acquire("b", now)->v4->text(), "10.8.0.3");
  EXPECT_EQ(pool.acquire("a", now)->v4->text(), "10.8.0.2") << "its own again";
  EXPECT_EQ(pool.acquire("c", now)->v4->text(), "10.8.0.4");
  EXPECT_EQ(pool.acquire("d", now)->v4->text(), "10.8.0.5");
  EXPECT_FALSE(pool.acquire("e", now));
  pool.release(a->slot, now);
  EXPECT_EQ(pool.acquire("e", now)->v4->text(), "10.8.0.2");
}

TEST(AddressPool, a_slot_given_back_is_as_if_never_taken) {
  AddressPool pool(pool_of(Topology::subnet, "10.8.0.2", "10.8.0.5"));
  const auto a = pool.acquire("a", now);
  pool.give_back(a->slot);
  EXPECT_EQ(pool.render(), "");
  EXPECT_EQ(pool.acquire("b", now)->v4->text(), "10.8.0.2");
}

TEST(AddressPool, shares_one_index_between_the_families) {
  PoolSetup setup = pool_of(Topology::subnet, "10.8.0.2", "10.8.0.254");
  setup.network6 = ip::Prefix::parse("fd88::/64");
  setup.first6 = *ip::Address::parse_v6("fd88::1000");
  AddressPool pool(setup);
  static_cast<void>(pool.acquire("a", now));
  const auto lease = pool.acquire("b", now);
  EXPECT_EQ(lease->v4->text(), "10.8.0.3");
  EXPECT_EQ(lease->v6->text(), "fd88::1001");
}

TEST(AddressPool, writes_and_reads_the_persist_file_of_stock) {
  AddressPool pool(pool_of(Topology::net30, "10.8.0.4", "10.8.0.251"));
  static_cast<void>(pool.acquire("client1", now));
  EXPECT_EQ(pool.render(), "client1,10.8.0.4,\n");
  AddressPool next(pool_of(Topology::net30, "10.8.0.4", "10.8.0.251"));
  EXPECT_EQ(next.load("# comment\n; another\nclient9,10.8.0.12,\nrubbish\nx,10.99.0.1,\n", false),
            2u);
  EXPECT_EQ(next.acquire("client9", now)->v4->text(), "10.8.0.14");
}

TEST(AddressPool, fixed_entries_belong_to_their_names_alone) {
  AddressPool pool(pool_of(Topology::subnet, "10.8.0.2", "10.8.0.3"));
  pool.load("boss,10.8.0.2,\n", true);
  EXPECT_EQ(pool.acquire("a", now)->v4->text(), "10.8.0.3");
  EXPECT_FALSE(pool.acquire("b", now));
  EXPECT_EQ(pool.acquire("boss", now)->v4->text(), "10.8.0.2");
}

TEST(AddressPool, does_not_give_out_what_a_ccd_file_gave) {
  AddressPool pool(pool_of(Topology::subnet, "10.8.0.2", "10.8.0.9"));
  pool.reserve(*ip::Address::parse("10.8.0.2"));
  EXPECT_EQ(pool.acquire("a", now)->v4->text(), "10.8.0.3");
  pool.unreserve(*ip::Address::parse("10.8.0.2"));
  EXPECT_EQ(pool.acquire("b", now)->v4->text(), "10.8.0.2");
}

ServerFacts facts(Topology topology) {
  ServerFacts facts;
  facts.topology = topology;
  facts.local4 = ip::Address::parse_v4("10.8.0.1");
  facts.netmask4_length = 24;
  facts.local6 = ip::Address::parse_v6("fd88::1");
  facts.push = {"route 192.168.1.0 255.255.255.0", "ping 10"};
  return facts;
}

Lease lease_of(const char* v4) {
  Lease lease;
  lease.v4 = ip::Address::parse_v4(v4);
  lease.v4_peer = ip::Address::parse_v4("10.8.0.5");
  lease.v6 = ip::Address::parse_v6("fd88::1000");
  return lease;
}

TEST(ClientPlan, pushes_the_common_list_then_its_own_then_addresses) {
  options::ClientProfile profile;
  profile.push = {"dhcp-option DNS 10.8.0.1"};
  const auto plan = plan_client(facts(Topology::subnet), profile, lease_of("10.8.0.7"));
  EXPECT_EQ(plan.push,
            (std::vector<std::string>{
                "route 192.168.1.0 255.255.255.0", "ping 10", "dhcp-option DNS 10.8.0.1",
                "ifconfig-ipv6 fd88::1000/64 fd88::1", "ifconfig 10.8.0.7 255.255.255.0"}));
}

TEST(ClientPlan, does_not_push_a_route_to_the_client_that_has_it_as_iroute) {
  options::ClientProfile profile;
  profile.iroutes.push_back({*ip::Prefix::parse("192.168.1.0/24"), {}});
  const auto plan = plan_client(facts(Topology::net30), profile, lease_of("10.8.0.6"));
  EXPECT_EQ(plan.push.front(), "ping 10");
  EXPECT_EQ(plan.push.back(), "ifconfig 10.8.0.6 10.8.0.5");
}

TEST(ClientPlan, a_client_may_have_a_limit_of_routes_of_its_own) {
  options::ClientProfile profile;
  profile.iroutes.push_back({*ip::Prefix::parse("192.168.3.0/24"), {}});
  profile.iroutes.push_back({*ip::Prefix::parse("192.168.4.0/24"), {}});
  EXPECT_EQ(plan_client(facts(Topology::subnet), profile, lease_of("10.8.0.7")).iroutes.size(), 2u);
  profile.max_routes = 1;
  const auto plan = plan_client(facts(Topology::subnet), profile, lease_of("10.8.0.7"));
  EXPECT_EQ(plan.iroutes.size(), 1u);
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_TRUE(plan.warnings.front().starts_with("more than 1 iroutes")) << plan.warnings.front();
}

TEST(ClientPlan, push_reset_and_push_remove_do_what_they_say) {
  options::ClientProfile profile;
  profile.push_remove = {"route", "ifconfig-ipv6"};
  auto plan = plan_client(facts(Topology::subnet), profile, lease_of("10.8.0.7"));
  EXPECT_EQ(plan.push, (std::vector<std::string>{"ping 10", "ifconfig 10.8.0.7 255.255.255.0"}));
  profile.push_remove.clear();
  profile.push_reset = true;
  plan = plan_client(facts(Topology::subnet), profile, lease_of("10.8.0.7"));
  EXPECT_EQ(plan.push.size(), 2u);
}

TEST(ClientPlan, a_pair_where_a_netmask_belongs_is_mended_and_told) {
  options::ClientProfile profile;
  profile.ifconfig_push = {*ip::Address::parse("10.8.0.2"), *ip::Address::parse("10.8.0.1")};
  profile.ifconfig_push_at = {"ccd/client1", 1};
  const auto plan = plan_client(facts(Topology::subnet), profile, std::nullopt);
  EXPECT_EQ(plan.push.back(), "ifconfig 10.8.0.2 255.255.255.0");
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_NE(plan.warnings[0].find("ccd/client1:1"), std::string::npos);
}

TEST(CcdFile, names_cannot_leave_the_directory) {
  EXPECT_EQ(ccd_file_name("client1"), "client1");
  EXPECT_EQ(ccd_file_name("../etc/passwd"), ".._etc_passwd");
  EXPECT_EQ(ccd_file_name("a\nb"), "a_b");
  EXPECT_FALSE(ccd_file_name(".."));
  EXPECT_FALSE(ccd_file_name("."));
  EXPECT_FALSE(ccd_file_name(""));
}

}  // namespace
}  // namespace adit::policy
