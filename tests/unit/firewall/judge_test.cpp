#include "firewall/judge.h"

#include <gtest/gtest.h>

#include "firewall/iptables_save.h"
#include "firewall/nft_listing.h"
#include "tests/unit/firewall/saved.h"

namespace adit::firewall {
namespace {

Packet from_tunnel() {
  Packet packet;
  packet.in = "tun0";
  packet.out = "eth1";
  packet.tunnel = "tun0";
  packet.from = net("10.8.0.0/24");
  packet.to = net("192.168.1.0/24");
  return packet;
}

struct Row {
  Condition condition;
  Match expected;
};

TEST(FirewallMatch, tells_what_is_certain_from_what_is_not) {
  const Packet packet = from_tunnel();
  const Row rows[] = {
      {{Subject::in_device, false, {"tun0"}}, Match::yes},
      {{Subject::in_device, false, {"tun*"}}, Match::yes},
      {{Subject::in_device, false, {"eth0"}}, Match::no},
      {{Subject::in_device, true, {"eth0"}}, Match::yes},
      {{Subject::in_device, false, {"eth0", "tun0"}}, Match::yes},
      {{Subject::out_device, false, {"eth1"}}, Match::yes},
      {{Subject::source, false, {"10.0.0.0/8"}}, Match::yes},
      {{Subject::source, false, {"10.8.0.7"}}, Match::maybe},
      {{Subject::source, true, {"10.8.0.7"}}, Match::maybe},
      {{Subject::source, false, {"10.8.0.0-10.8.3.255"}}, Match::yes},
      {{Subject::source, false, {"10.8.0.9-10.8.3.255"}}, Match::maybe},
      {{Subject::destination, false, {"10.0.0.0/8"}}, Match::no},
      {{Subject::destination, false, {"127.0.0.0/8"}}, Match::no},
      {{Subject::destination, false, {"fd00::/8"}}, Match::no},
      {{Subject::destination, true, {"10.0.0.0/8", "fd00::/8"}}, Match::yes},
      {{Subject::family, false, {"ip"}}, Match::yes},
      {{Subject::family, false, {"ip6"}}, Match::no},
      {{Subject::protocol, false, {"tcp"}}, Match::yes},
      {{Subject::protocol, false, {"udp", "icmp"}}, Match::no},
      {{Subject::destination_port, false, {"80", "443"}}, Match::no},
      {{Subject::destination_port, false, {"1024-65535"}}, Match::yes},
      {{Subject::destination_port, false, {"ssh"}}, Match::maybe},
      {{Subject::connection_state, false, {"established", "related"}}, Match::no},
      {{Subject::connection_state, false, {"new"}}, Match::yes},
      {{Subject::destination_type, false, {"local"}}, Match::no},
      {{Subject::destination_type, true, {"local"}}, Match::yes},
      {{Subject::never, false, {}}, Match::no},
      {{Subject::never, true, {}}, Match::yes},
      {{Subject::unknown, false, {}}, Match::maybe},
      {{Subject::unknown, true, {}}, Match::maybe},
  };
  for (const Row& row : rows) {
    const auto& c = row.condition;
    EXPECT_EQ(match(c, packet), row.expected)
        << static_cast<int>(c.subject) << (c.negated ? " not " : " ")
        << (c.values.empty() ? "" : c.values.front());
  }
}

TEST(FirewallMatch, a_device_that_is_not_known_is_neither_the_tunnel_nor_a_containers) {
  Packet packet = from_tunnel();
  packet.out.clear();
  const auto out = [&](const char* name) {
    return match({Subject::out_device, false, {name}}, packet);
  };
  EXPECT_EQ(out("eth7"), Match::maybe);
  EXPECT_EQ(out("tun0"), Match::no);
  EXPECT_EQ(out("docker0"), Match::no);
  EXPECT_EQ(out("lo"), Match::no);
  packet.in = packet.tunnel = "tun*";
  EXPECT_EQ(match({Subject::in_device, false, {"tun0"}}, packet), Match::maybe);
  EXPECT_EQ(match({Subject::in_device, false, {"t*"}}, packet), Match::yes);
}

// The fate of the packet in the chain FORWARD of these rules.
Judgement in_forward(const std::string& rules, const Packet& packet, bool drops = true) {
  const Ruleset ruleset =
      read_iptables_save("*filter\n:FORWARD " + std::string(drops ? "DROP" : "ACCEPT") +
                             " [0:0]\n" + rules + "\nCOMMIT\n",
                         "iptables", "ip");
  return judge(ruleset, ruleset.chains.front(), packet);
}

TEST(FirewallJudge, a_policy_counts_when_no_rule_takes_the_packet) {
  const Judgement judgement = in_forward("-A FORWARD -i eth0 -j ACCEPT", from_tunnel());
  EXPECT_EQ(judgement.fate, Fate::drops);
  EXPECT_EQ(judgement.rule, "policy drop");
  EXPECT_EQ(judgement.chain, "FORWARD");
  EXPECT_EQ(in_forward("-A FORWARD -i tun+ -j ACCEPT", from_tunnel()).fate, Fate::passes);
  EXPECT_EQ(in_forward("", from_tunnel(), false).fate, Fate::passes);
}

TEST(FirewallJudge, the_first_rule_that_takes_the_packet_decides) {
  EXPECT_EQ(
      in_forward("-A FORWARD -d 192.168.0.0/16 -j DROP\n-A FORWARD -j ACCEPT", from_tunnel()).rule,
      "-A FORWARD -d 192.168.0.0/16 -j DROP");
  EXPECT_EQ(in_forward("-A FORWARD -j ACCEPT\n-A FORWARD -j DROP", from_tunnel()).fate,
            Fate::passes);
}

TEST(FirewallJudge, what_may_be_is_not_called_certain) {
  const auto recent = "-A FORWARD -m recent --name bad --rcheck -j DROP\n-A FORWARD -j ACCEPT";
  EXPECT_EQ(in_forward(recent, from_tunnel()).fate, Fate::may_drop);
  const auto set = "-A FORWARD -m set --match-set friends src -j ACCEPT";
  EXPECT_EQ(in_forward(set, from_tunnel()).fate, Fate::may_drop);
  EXPECT_EQ(in_forward("-A FORWARD -j NFQUEUE --queue-num 3", from_tunnel()).fate, Fate::may_drop);
  EXPECT_EQ(in_forward("-A FORWARD -j LOG --log-prefix \"-j ACCEPT \"", from_tunnel()).fate,
            Fate::drops);
}

TEST(FirewallJudge, jumps_come_back_and_gotos_do_not) {
  const std::string own = ":own - [0:0]\n";
  EXPECT_EQ(in_forward(own + "-A FORWARD -j own\n-A FORWARD -j ACCEPT\n-A own -j RETURN\n"
                             "-A own -j DROP",
                       from_tunnel())
                .fate,
            Fate::passes);
  EXPECT_EQ(in_forward(own + "-A FORWARD -g own\n-A FORWARD -j ACCEPT\n-A own -i eth0 -j ACCEPT",
                       from_tunnel())
                .rule,
            "policy drop");
  const Judgement inside = in_forward(
      own + "-A FORWARD -j own\n-A FORWARD -j ACCEPT\n-A own -s 10.8.0.3 -j DROP", from_tunnel());
  EXPECT_EQ(inside.fate, Fate::may_drop);
  EXPECT_EQ(inside.chain, "own");
}

TEST(FirewallJudge, chains_that_lead_into_each_other_come_to_an_end) {
  const std::string rules =
      ":a - [0:0]\n:b - [0:0]\n-A FORWARD -j a\n-A a -j b\n-A b -j a\n-A FORWARD -j ACCEPT";
  EXPECT_EQ(in_forward(rules, from_tunnel()).fate, Fate::passes);
}

TEST(FirewallJudge, a_chain_does_the_same_when_it_is_entered_again) {
  const std::string rules =
      ":own - [0:0]\n-A FORWARD -s 10.8.0.3 -j own\n-A FORWARD -j own\n-A own -j DROP";
  EXPECT_EQ(in_forward(rules, from_tunnel(), false).fate, Fate::drops);
}

TEST(FirewallJudge, many_ways_into_the_same_chains_take_no_longer_than_one) {
  std::string rules;
  for (int i = 0; i < 60; ++i) rules += ":c" + std::to_string(i) + " - [0:0]\n";
  rules += "-A FORWARD -j c0\n";
  for (int i = 0; i < 59; ++i) {
    const std::string line = "-A c" + std::to_string(i) + " -j c" + std::to_string(i + 1) + "\n";
    rules += line + line + line;
  }
  rules += "-A c59 -s 10.8.0.0/24 -j REJECT";
  EXPECT_EQ(in_forward(rules, from_tunnel()).chain, "c59");
}

TEST(FirewallJudge, answers_pass_where_connections_are_remembered) {
  Packet answer = from_tunnel();
  answer.answer = true;
  const std::string rule = "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
  EXPECT_EQ(in_forward(rule, answer).fate, Fate::passes);
  EXPECT_EQ(in_forward(rule, from_tunnel()).fate, Fate::drops);
}

// ---- nft ----

const Chain& chain_of(const Ruleset& ruleset, const std::string& name) {
  for (const Chain& chain : ruleset.chains) {
    if (chain.name == name) return chain;
  }
  ADD_FAILURE() << "no chain " << name;
  return ruleset.chains.front();
}

TEST(FirewallNftListing, a_written_filter_is_read_with_its_sets_and_verdict_maps) {
  const auto rules = read_nft(saved_text("plain.json"), saved_text("plain.nft"));
  ASSERT_TRUE(rules) << rules.error().what;
  const Chain& input = chain_of(*rules, "input");
  EXPECT_TRUE(input.drops_by_policy);
  EXPECT_EQ(input.hook, HookPoint::input);
  Packet packet;
  packet.hook = HookPoint::input;
  packet.in = "eth0";
  packet.from = packet.to = net("0.0.0.0/0");
  const auto port = [&](std::uint16_t number, const char* from) {
    packet.port = number;
    packet.from = net(from);
    return judge(*rules, input, packet).fate;
  };
  EXPECT_EQ(port(443, "0.0.0.0/0"), Fate::passes);
  EXPECT_EQ(port(1194, "0.0.0.0/0"), Fate::drops);
  EXPECT_EQ(port(22, "192.0.2.0/28"), Fate::passes);
  EXPECT_EQ(port(22, "0.0.0.0/0"), Fate::may_drop);
  packet.answer = true;
  EXPECT_EQ(port(1194, "0.0.0.0/0"), Fate::passes) << "established, by the verdict map";
}

TEST(FirewallNftListing, a_dropping_rule_is_named_in_its_own_words) {
  const auto rules = read_nft(saved_text("plain.json"), saved_text("plain.nft"));
  ASSERT_TRUE(rules);
  const Judgement judgement = judge(*rules, chain_of(*rules, "forward"), from_tunnel());
  EXPECT_EQ(judgement.fate, Fate::drops);
  EXPECT_EQ(judgement.rule, "ip daddr 192.168.1.0/24 iifname != \"eth0\" counter drop");
  Packet lan = from_tunnel();
  lan.in = "eth0";
  EXPECT_EQ(judge(*rules, chain_of(*rules, "forward"), lan).fate, Fate::passes);
}

TEST(FirewallNftListing, without_the_words_a_rule_is_named_by_its_handle) {
  const auto rules = read_nft(saved_text("plain.json"), "");
  ASSERT_TRUE(rules);
  EXPECT_TRUE(
      judge(*rules, chain_of(*rules, "forward"), from_tunnel()).rule.starts_with("handle "));
}

TEST(FirewallNftListing, the_extensions_of_iptables_are_not_known_there) {
  const auto rules = read_nft(saved_text("ufw.json"), saved_text("ufw.nft"));
  ASSERT_TRUE(rules);
  const Judgement judgement = judge(*rules, chain_of(*rules, "FORWARD"), from_tunnel());
  EXPECT_EQ(judgement.fate, Fate::may_drop);
}

TEST(FirewallNftListing, our_own_table_is_left_out) {
  const auto rules = read_nft(
      R"({"nftables": [{"chain": {"family": "inet", "table": "adit", "name": "server-forward",
          "handle": 1, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}]})",
      "");
  ASSERT_TRUE(rules);
  EXPECT_TRUE(rules->chains.empty());
}

TEST(FirewallNftListing, what_is_no_listing_is_an_error) {
  for (const char* text : {"", "{", "[]", "{\"nftables\": 3}", "nft: command not found"}) {
    EXPECT_FALSE(read_nft(text, "")) << text;
  }
  EXPECT_TRUE(read_nft(R"({"nftables": [1, {}, {"rule": {}}, {"chain": {"name": 7}}]})", ""));
}

TEST(FirewallNftListing, an_element_that_looks_like_a_sets_name_is_none) {
  const auto rules = read_nft(
      R"({"nftables": [{"chain": {"family": "ip", "table": "t", "name": "c", "policy": "accept"}},
          {"set": {"family": "ip", "table": "t", "name": "a", "elem": ["@a", "tun0"]}},
          {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"match": {"op": "==",
            "left": {"meta": {"key": "iifname"}}, "right": "@a"}}, {"drop": null}]}}]})",
      "");
  ASSERT_TRUE(rules);
  ASSERT_EQ(rules->chains[0].rules.size(), 1u);
  EXPECT_EQ(rules->chains[0].rules[0].conditions[0].values,
            (std::vector<std::string>{"@a", "tun0"}));
}

TEST(FirewallNftListing, members_of_another_kind_are_passed_over) {
  const std::string chain =
      R"({"chain": {"family": "ip", "table": "t", "name": "c", "prio": "x", "policy": 1}})";
  for (const char* part :
       {R"({"set": 1})", R"({"map": {"elem": 3, "name": "m"}})", R"({"rule": 7})",
        R"({"rule": {"expr": 5}})", R"({"rule": {"expr": [3, {}, {"match": 1}]}})",
        R"({"rule": {"handle": "h", "expr": [{"limit": {"inv": "no"}}, {"jump": null}]}})",
        R"({"rule": {"expr": [{"match": {"op": "==", "left": {"fib": {"result": "type"}},
            "right": {"range": {"a": 1, "b": 2}}}}]}})",
        R"({"rule": {"expr": [{"vmap": 1}]}})", R"({"rule": {"expr": [{"vmap": {"data": "@m"}}]}})",
        R"({"rule": {"expr": [{"vmap": {"data": {"set": [[1, {}], [1], {}, [1, 2]]}}}]}})",
        R"({"rule": {"expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}},
            "right": "@nobody"}}, {"xt": null}]}})"}) {
    std::string text = part;
    const std::string place = R"("family": "ip", "table": "t", "chain": "c", )";
    if (text.starts_with(R"({"rule": {)")) text.insert(10, place);
    EXPECT_TRUE(read_nft("{\"nftables\": [" + chain + ", " + text + "]}", "")) << text;
  }
}

}  // namespace
}  // namespace adit::firewall
