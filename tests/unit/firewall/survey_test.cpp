#include "firewall/survey.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/unit/firewall/saved.h"

namespace adit::firewall {
namespace {

std::string hooks_of(const Survey& found) {
  std::string lines;
  for (const Hook& hook : found.hooks) {
    for (const Command& command : hook.apply) {
      lines += (hook.present ? "(there) " : "") + text(command) + "\n";
    }
  }
  return lines;
}

std::string undo_of(const Survey& found) {
  std::string lines;
  for (const Hook& hook : found.hooks) {
    for (const Command& command : hook.undo) lines += text(command) + "\n";
  }
  return lines;
}

std::string obstacles_of(const Survey& found) {
  std::string lines;
  for (const Obstacle& o : found.obstacles) {
    lines += o.who + ": " + o.rule + ": " + o.why + "\n  " + o.cure + "\n";
  }
  return lines;
}

TEST(FirewallSurvey, an_empty_host_has_nothing_in_the_way) {
  Situation fresh;
  fresh.nft_json = R"({"nftables": [{"metainfo": {"version": "1.0.6"}}]})";
  const Survey found = survey(office(), fresh);
  EXPECT_TRUE(found.hooks.empty());
  EXPECT_TRUE(found.obstacles.empty());
  EXPECT_TRUE(found.notes.empty());
}

TEST(FirewallSurvey, docker_is_told_in_its_chain_for_administrators) {
  const Survey found = survey(office(), saved_situation("docker-nft"));
  EXPECT_EQ(hooks_of(found),
            "iptables-nft -w -I DOCKER-USER -i tun0 -m comment --comment adit-server -j ACCEPT\n"
            "iptables-nft -w -I DOCKER-USER -o tun0 -m comment --comment adit-server -j ACCEPT\n");
  EXPECT_EQ(undo_of(found),
            "iptables-nft -w -D DOCKER-USER -i tun0 -m comment --comment adit-server -j ACCEPT\n"
            "iptables-nft -w -D DOCKER-USER -o tun0 -m comment --comment adit-server -j ACCEPT\n");
  EXPECT_EQ(obstacles_of(found), "");
  for (const Hook& hook : found.hooks) EXPECT_FALSE(hook.lasting) << "Docker forgets it";
}

TEST(FirewallSurvey, docker_on_legacy_tables_is_told_by_the_legacy_tool) {
  Plan plan = office();
  plan.device = "tun";
  EXPECT_EQ(hooks_of(survey(plan, saved_situation("docker-legacy"))),
            "iptables-legacy -w -I DOCKER-USER -i tun+ -m comment --comment adit-server -j ACCEPT\n"
            "iptables-legacy -w -I DOCKER-USER -o tun+ -m comment --comment adit-server -j "
            "ACCEPT\n");
}

TEST(FirewallSurvey, a_hook_of_docker_that_is_there_is_seen_and_known_by_its_owner) {
  Situation situation = saved_situation("docker-nft");
  const std::string last = "-A DOCKER-USER -j RETURN\n";
  const std::string ours =
      "-A DOCKER-USER -i tun0 -m comment --comment adit-server -j ACCEPT\n"
      "-A DOCKER-USER -o tun9 -m comment --comment adit-server2 -j ACCEPT\n";
  situation.iptables_nft4.insert(situation.iptables_nft4.find(last), ours);
  const Survey found = survey(office(), situation);
  ASSERT_EQ(found.hooks.size(), 2u);
  EXPECT_TRUE(found.hooks[0].present);
  EXPECT_FALSE(found.hooks[1].present)
      << "the other way is not there, and another owner's is not it";
  const auto leftovers = passing_hooks("server", situation);
  ASSERT_EQ(leftovers.size(), 1u);
  EXPECT_EQ(text(leftovers[0]),
            "iptables-nft -w -D DOCKER-USER -i tun0 -m comment --comment adit-server -j ACCEPT");
  EXPECT_TRUE(passing_hooks("join-a", situation).empty());
}

TEST(FirewallSurvey, a_hook_of_docker_is_known_when_its_comment_is_quoted) {
  Situation situation = saved_situation("docker-nft");
  Plan plan = office();
  plan.owner = "join-office.example";
  const std::string last = "-A DOCKER-USER -j RETURN\n";
  situation.iptables_nft4.insert(
      situation.iptables_nft4.find(last),
      "-A DOCKER-USER -i tun0 -m comment --comment \"adit-join-office.example\" -j ACCEPT\n");
  const Survey found = survey(plan, situation);
  ASSERT_EQ(found.hooks.size(), 2u);
  EXPECT_TRUE(found.hooks[0].present);
  const auto leftovers = passing_hooks(plan.owner, situation);
  ASSERT_EQ(leftovers.size(), 1u);
  EXPECT_EQ(text(leftovers[0]),
            "iptables-nft -w -D DOCKER-USER -i tun0 -m comment --comment adit-join-office.example "
            "-j ACCEPT");
}

TEST(FirewallSurvey, without_iptables_dockers_policy_is_an_obstacle_with_a_cure) {
  Situation situation = saved_situation("docker-nft");
  situation.iptables_nft4.clear();
  const Survey found = survey(office(), situation);
  EXPECT_TRUE(found.hooks.empty());
  ASSERT_EQ(found.obstacles.size(), 1u);
  EXPECT_EQ(found.obstacles[0].cure,
            "nft insert rule ip filter FORWARD iifname tun0 accept && nft insert rule ip filter "
            "FORWARD oifname tun0 accept");
}

TEST(FirewallSurvey, what_needs_no_forwarding_leaves_docker_alone) {
  Plan plan = office();
  plan.lans.clear();
  plan.far.clear();
  const Survey found = survey(plan, saved_situation("docker-nft"));
  EXPECT_TRUE(found.hooks.empty());
  EXPECT_TRUE(found.obstacles.empty());
}

TEST(FirewallSurvey, a_rule_before_dockers_hook_still_drops) {
  Situation situation = saved_situation("docker-nft");
  const std::string first = "-A FORWARD -j DOCKER-USER\n";
  situation.iptables_nft4.insert(situation.iptables_nft4.find(first),
                                 "-A FORWARD -d 192.168.1.0/24 -j REJECT\n");
  const Survey found = survey(office(), situation);
  EXPECT_EQ(obstacles_of(found),
            "iptables-nft: -A FORWARD -d 192.168.1.0/24 -j REJECT in chain FORWARD of table "
            "filter: drops packets from tun0 to 192.168.1.0/24 and answers from 192.168.50.0/24 to "
            "192.168.1.0/24\n"
            "  iptables-nft -I FORWARD -i tun0 -j ACCEPT\n");
}

TEST(FirewallSurvey, ufw_is_told_in_its_own_words) {
  const Survey found = survey(office(), saved_situation("ufw"));
  EXPECT_EQ(hooks_of(found),
            "ufw route allow in on tun0\nufw route allow out on tun0\nufw allow 1194/udp\n");
  EXPECT_EQ(undo_of(found),
            "ufw route delete allow in on tun0\nufw route delete allow out on tun0\n"
            "ufw delete allow 1194/udp\n");
  EXPECT_EQ(obstacles_of(found), "");
  for (const Hook& hook : found.hooks) EXPECT_TRUE(hook.lasting);
}

TEST(FirewallSurvey, what_ufw_has_been_told_is_not_told_again) {
  Situation situation = saved_situation("ufw");
  situation.ufw_added += "\nufw route allow in on tun0 comment 'mine'\nufw allow 1194/udp\n";
  EXPECT_EQ(hooks_of(survey(office(), situation)),
            "(there) ufw route allow in on tun0\nufw route allow out on tun0\n"
            "(there) ufw allow 1194/udp\n");
}

TEST(FirewallSurvey, ufws_own_earlier_rule_is_an_obstacle_to_its_hook) {
  Situation situation = saved_situation("ufw");
  const std::string before = "-A ufw-user-limit -m limit";
  situation.iptables_nft4.insert(situation.iptables_nft4.find(before),
                                 "-A ufw-user-forward -d 192.168.1.0/24 -j DROP\n");
  const Survey found = survey(office(), situation);
  ASSERT_EQ(found.obstacles.size(), 1u) << obstacles_of(found);
  EXPECT_EQ(found.obstacles[0].who, "ufw");
  EXPECT_EQ(found.obstacles[0].cure, "ufw route insert 1 allow in on tun0");
}

TEST(FirewallSurvey, ufw_that_is_off_is_not_told_anything) {
  Situation situation = saved_situation("docker-legacy");
  situation.ufw_status = "Status: inactive\n";
  for (const Hook& hook : survey(office(), situation).hooks) EXPECT_EQ(hook.who, "docker");
}

TEST(FirewallSurvey, firewalld_gets_a_zone_and_a_policy_for_each_way) {
  Situation situation = saved_situation("firewalld");
  situation.firewalld_state = "running\n";
  situation.firewalld_zones = "block dmz drop public trusted\n";
  situation.firewalld_policies = "allow-host-ipv6\n";
  situation.firewalld_ports = "443/tcp\n";
  const Survey found = survey(office(), situation);
  EXPECT_EQ(hooks_of(found),
            "firewall-cmd --permanent --new-zone=adit-server\n"
            "firewall-cmd --permanent --zone=adit-server --add-interface=tun0\n"
            "firewall-cmd --permanent --new-policy=adit-server-out\n"
            "firewall-cmd --permanent --policy=adit-server-out --add-ingress-zone=adit-server\n"
            "firewall-cmd --permanent --policy=adit-server-out --add-egress-zone=ANY\n"
            "firewall-cmd --permanent --policy=adit-server-out --set-target=ACCEPT\n"
            "firewall-cmd --permanent --new-policy=adit-server-in\n"
            "firewall-cmd --permanent --policy=adit-server-in --add-ingress-zone=ANY\n"
            "firewall-cmd --permanent --policy=adit-server-in --add-egress-zone=adit-server\n"
            "firewall-cmd --permanent --policy=adit-server-in --set-target=ACCEPT\n"
            "firewall-cmd --reload\n"
            "firewall-cmd --permanent --add-port=1194/udp\n"
            "firewall-cmd --reload\n");
  EXPECT_EQ(undo_of(found),
            "firewall-cmd --permanent --delete-policy=adit-server-in\n"
            "firewall-cmd --permanent --delete-policy=adit-server-out\n"
            "firewall-cmd --permanent --delete-zone=adit-server\n"
            "firewall-cmd --reload\n"
            "firewall-cmd --permanent --remove-port=1194/udp\n"
            "firewall-cmd --reload\n");
  EXPECT_EQ(obstacles_of(found), "");
}

TEST(FirewallSurvey, what_firewalld_has_is_seen) {
  Situation situation = saved_situation("firewalld");
  situation.firewalld_state = "running\n";
  situation.firewalld_zones = "adit-server block public\n";
  situation.firewalld_policies = "adit-server-in adit-server-out\n";
  situation.firewalld_ports = "22/tcp 1194/udp\n";
  for (const Hook& hook : survey(office(), situation).hooks) EXPECT_TRUE(hook.present) << hook.what;
}

TEST(FirewallSurvey, firewalld_takes_no_names_longer_than_seventeen) {
  Situation situation;
  situation.firewalld_state = "running";
  Plan plan = office();
  for (const char* owner : {"server", "join-office-of-a-long-name", "join-office-of-a-long-nume"}) {
    plan.owner = owner;
    const Survey found = survey(plan, situation);
    ASSERT_FALSE(found.hooks.empty());
    for (const Command& command : found.hooks[0].apply) {
      const std::string last = command.back();
      if (!last.starts_with("--new-")) continue;
      EXPECT_LE(last.substr(last.find('=') + 1).size(), 17u) << last;
    }
  }
  const auto name = [&](const char* owner) {
    plan.owner = owner;
    return survey(plan, situation).hooks[0].apply[0].back();
  };
  EXPECT_NE(name("join-office-of-a-long-name"), name("join-office-of-a-long-nume"));
}

TEST(FirewallSurvey, firewalld_that_does_not_answer_is_judged_by_its_rules) {
  const Survey found = survey(office(), saved_situation("firewalld"));
  EXPECT_TRUE(found.hooks.empty());
  EXPECT_EQ(obstacles_of(found),
            "nft table inet firewalld: reject with icmpx admin-prohibited in chain "
            "filter_IN_public of table firewalld: drops packets to port 1194/udp\n"
            "  nft insert rule inet firewalld filter_INPUT udp dport 1194 accept\n"
            "nft table inet firewalld: reject with icmpx admin-prohibited in chain "
            "filter_FWD_public of table firewalld: drops packets from 192.168.1.0/24 to "
            "192.168.50.0/24\n"
            "  nft insert rule inet firewalld filter_FORWARD oifname tun0 accept\n");
}

TEST(FirewallSurvey, legacy_tables_beside_nft_are_named_with_their_cure) {
  const Survey found = survey(office(), saved_situation("legacy"));
  EXPECT_TRUE(found.hooks.empty());
  EXPECT_EQ(obstacles_of(found),
            "iptables-legacy: policy drop in chain INPUT of table filter: drops packets to port "
            "1194/udp\n"
            "  iptables-legacy -I INPUT -p udp --dport 1194 -j ACCEPT\n"
            "iptables-legacy: policy drop in chain FORWARD of table filter: drops packets from "
            "tun0 to 192.168.1.0/24 and packets from 192.168.1.0/24 to 192.168.50.0/24\n"
            "  iptables-legacy -I FORWARD -i tun0 -j ACCEPT && iptables-legacy -I FORWARD -o tun0 "
            "-j ACCEPT\n");
  EXPECT_TRUE(found.obstacles[0].certain);
}

TEST(FirewallSurvey, a_written_filter_is_named_with_the_rule_that_drops) {
  Plan plan = office();
  plan.device = "tun";
  const Survey found = survey(plan, saved_situation("plain"));
  EXPECT_EQ(obstacles_of(found),
            "nft table inet filter: policy drop in chain input of table filter: drops packets to "
            "port 1194/udp\n"
            "  nft insert rule inet filter input udp dport 1194 accept\n"
            "nft table inet filter: ip daddr 192.168.1.0/24 iifname != \"eth0\" counter drop in "
            "chain forward of table filter: drops packets from tun+ to 192.168.1.0/24\n"
            "  nft insert rule inet filter forward iifname '\"tun*\"' accept\n");
}

TEST(FirewallSurvey, rules_against_some_are_no_obstacle_to_all) {
  Situation situation;
  situation.iptables_nft4 =
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:f2b - [0:0]\n"
      "-A INPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8 -j DROP\n-A INPUT -j f2b\n"
      "-A INPUT -p tcp -m tcp --dport 25 -j DROP\n"
      "-A f2b -s 198.51.100.9/32 -j REJECT\n-A f2b -j RETURN\n"
      "-A FORWARD -d 172.16.0.0/12 -j REJECT\nCOMMIT\n";
  Plan plan = office();
  plan.full_tunnel = true;
  EXPECT_EQ(obstacles_of(survey(plan, situation)), "");
}

TEST(FirewallSurvey, before_routing_the_cure_names_networks_and_no_device_to_leave_by) {
  Situation situation = saved_situation("none");  // the routes alone
  situation.legacy4 =
      "*raw\n:PREROUTING ACCEPT [0:0]\n"
      "-A PREROUTING -i eth1 -d 10.8.0.0/24 -j DROP\n"
      "-A PREROUTING -i eth1 -d 192.168.50.0/24 -j DROP\nCOMMIT\n";
  const Survey found = survey(office(), situation);
  ASSERT_EQ(found.obstacles.size(), 2u) << obstacles_of(found);
  EXPECT_EQ(found.obstacles[0].cure,
            "iptables-legacy -t raw -I PREROUTING -d 10.8.0.0/24 -j ACCEPT");
  EXPECT_EQ(found.obstacles[1].cure,
            "iptables-legacy -t raw -I PREROUTING -d 192.168.50.0/24 -j ACCEPT");
}

TEST(FirewallSurvey, a_full_tunnel_asks_for_the_world) {
  Plan plan = office();
  plan.full_tunnel = true;
  plan.lans.clear();
  plan.far.clear();
  plan.open.reset();
  EXPECT_EQ(obstacles_of(survey(plan, saved_situation("legacy"))),
            "iptables-legacy: policy drop in chain FORWARD of table filter: drops packets from "
            "tun0 to the world\n  iptables-legacy -I FORWARD -i tun0 -j ACCEPT\n");
}

TEST(FirewallSurvey, what_could_not_be_read_is_said) {
  Situation situation;
  situation.nft_json = "not json";
  situation.unread = {"the legacy iptables tables"};
  const Survey found = survey(office(), situation);
  ASSERT_EQ(found.notes.size(), 2u);
}

TEST(FirewallCommand, is_shown_as_a_shell_takes_it) {
  EXPECT_EQ(text({"nft", "a b", "it's", "\"tun*\"", "", "x=1/2"}),
            "nft 'a b' 'it'\\''s' '\"tun*\"' '' x=1/2");
}

}  // namespace
}  // namespace adit::firewall
