#include "firewall/refusal.h"

#include <gtest/gtest.h>

namespace adit::firewall {
namespace {

// What libnftables 1.0.6 said in each situation.

TEST(FirewallRefusal, names_the_rule_that_was_refused) {
  const Error error = explain_refusal(
      "internal:0:0-0: Error: syntax error, unexpected newline\n"
      "add rule inet adit server-forward ip saddr 1.2.3.4 foo\n"
      "                                                      ^\n",
      "add table inet adit\nadd rule inet adit server-forward ip saddr 1.2.3.4 foo\n");
  EXPECT_EQ(error.what,
            "syntax error, unexpected newline: add rule inet adit server-forward ip saddr 1.2.3.4 "
            "foo");
  EXPECT_EQ(error.advice, "");
}

TEST(FirewallRefusal, without_rights_tells_who_may) {
  const Error error = explain_refusal(
      "Operation not permitted (you must be root)\n"
      "netlink: Error: cache initialization failed: Operation not permitted\n",
      "list ruleset");
  EXPECT_NE(error.what.find("may not change"), std::string::npos);
  EXPECT_NE(error.advice.find("NET_ADMIN"), std::string::npos);
}

TEST(FirewallRefusal, a_kernel_without_nf_tables_is_told_apart) {
  for (const char* told :
       {"netlink: Error: cache initialization failed: Protocol not supported\n",
        "internal:0:0-0: Error: Could not process rule: Operation not supported\n"
        "add table inet adit\n^^^^^^^^^^^^^^^^^^^^\n"}) {
    const Error error = explain_refusal(told, "add table inet adit\n");
    EXPECT_NE(error.what.find("no nf_tables"), std::string::npos) << error.what;
    EXPECT_NE(error.advice.find("--no-firewall"), std::string::npos);
  }
}

TEST(FirewallRefusal, a_kernel_without_translation_is_told_apart) {
  const std::string rule =
      "add chain inet adit server-postrouting { type nat hook postrouting priority srcnat - 5; "
      "policy accept; }";
  const Error error =
      explain_refusal("internal:0:0-0: Error: Could not process rule: No such file or directory\n" +
                          rule + "\n^^^^^^^^^^\n",
                      "add table inet adit\n" + rule + "\n");
  EXPECT_NE(error.advice.find("nft_chain_nat"), std::string::npos) << error.advice;
  EXPECT_NE(error.what.find("server-postrouting"), std::string::npos);
}

TEST(FirewallRefusal, a_kernel_without_a_kind_of_rule_is_told_its_modules) {
  const std::string rule = "add rule inet adit server-forward ct state established accept";
  const Error error = explain_refusal(
      "internal:0:0-0: Error: Could not process rule: Operation not supported\n" + rule + "\n^^\n",
      rule + "\n");
  EXPECT_NE(error.advice.find("nft_ct"), std::string::npos) << error.advice;
}

}  // namespace
}  // namespace adit::firewall
