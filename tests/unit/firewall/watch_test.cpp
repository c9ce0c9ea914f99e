#include "firewall/watch.h"

#include <gtest/gtest.h>

#include "tests/unit/firewall/saved.h"

namespace adit::firewall {
namespace {

// As the kernel lists what office() loads, beside another owner's.
const std::string loaded =
    "table inet adit {\n"
    "\tchain server-forward {\n"
    "\t\ttype filter hook forward priority filter; policy accept;\n"
    "\t\tct state established,related accept\n"
    "\t\tiifname \"tun0\" ip saddr { 10.8.0.0/24, 192.168.50.0/24 } ip daddr { 10.8.0.0/24, "
    "192.168.1.0/24,\n"
    "\t\t\t 192.168.50.0/24 } counter accept\n"
    "\t\tiifname \"tun0\" ip saddr { 10.8.0.0/24, 192.168.50.0/24 } counter reject with icmpx "
    "admin-prohibited\n"
    "\t}\n"
    "\n"
    "\tchain server-input {\n"
    "\t\ttype filter hook input priority filter; policy accept;\n"
    "\t\tudp dport 1194 counter accept\n"
    "\t}\n"
    "\n"
    "\tchain join-a-forward {\n"
    "\t\ttype filter hook forward priority filter; policy accept;\n"
    "\t}\n"
    "}\n";

std::string without(const std::string& part) {
  std::string text = loaded;
  const auto at = text.find(part);
  EXPECT_NE(at, std::string::npos);
  return text.erase(at, part.size());
}

TEST(FirewallWatch, is_content_with_what_was_loaded) {
  EXPECT_EQ(missing_rules(office(), loaded), std::vector<Trouble>{});
}

TEST(FirewallWatch, sees_a_flushed_ruleset) {
  const auto troubles = missing_rules(office(), "");
  ASSERT_EQ(troubles.size(), 2u);
  EXPECT_EQ(troubles[0].what, "chain server-forward of table inet adit is gone");
}

TEST(FirewallWatch, sees_a_rule_that_is_gone) {
  const auto troubles = missing_rules(office(), without("\t\tudp dport 1194 counter accept\n"));
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].what, "chain server-input of table inet adit has 0 rules, not 1");
}

TEST(FirewallWatch, sees_a_chain_that_no_longer_stands_in_the_way_of_packets) {
  const auto troubles = missing_rules(
      office(), without("\t\ttype filter hook input priority filter; policy accept;\n"));
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].what, "chain server-input of table inet adit is gone");
}

TEST(FirewallWatch, takes_each_owner_for_itself) {
  EXPECT_EQ(chains_in(loaded, "join-a"),
            "chain join-a-forward {\ntype filter hook forward priority filter; policy accept;\n"
            "}\n");
  EXPECT_EQ(chains_in(loaded, "join-b"), "");
}

}  // namespace
}  // namespace adit::firewall
