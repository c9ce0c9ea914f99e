#include "doctor/network_stages.h"

#include <gtest/gtest.h>

#include "tests/sim/seeded_rng.h"
#include "tests/unit/doctor/fake_inside.h"

namespace adit::doctor {
namespace {

const ip::Address host = *ip::Address::parse("192.168.1.10");
const ip::Prefix lan = *ip::Prefix::parse("192.168.1.0/24");
constexpr const char* id = "lan 192.168.1.0/24";

class NetworkStages : public testing::Test {
 protected:
  NetworkStages() {
    plan.own4 = ip::Address::parse("10.8.0.2");
    tunnel.answers = direct.answers = [](const ip::Address&, std::size_t) { return false; };
    help.direct = &direct;
    help.direct_own = [](const ip::Address&) { return ip::Address::parse("192.168.1.1"); };
    help.why_not = [](const ip::Address&) {
      return Stage{{}, {}, State::failed, "a rule drops it", "remove the rule"};
    };
  }
  Stage test(std::vector<ip::Address> named, std::vector<ip::Address> guessed) {
    Report report;
    test_networks(report, tunnel, plan, {{id, lan, std::move(named), std::move(guessed)}}, help,
                  rng, {});
    return report.stages.at(0);
  }

  FakeInside tunnel, direct;
  InsidePlan plan;
  NetworkHelp help;
  sim::SeededRng rng{1};
};

const auto yes = [](const ip::Address&, std::size_t) { return true; };

TEST_F(NetworkStages, an_answer_through_the_tunnel_is_the_proof) {
  tunnel.answers = yes;
  const Stage stage = test({}, {host});
  EXPECT_EQ(stage.state, State::ok);
  EXPECT_EQ(stage.evidence, "192.168.1.10 answers through the tunnel in 2.0 ms");
}

TEST_F(NetworkStages, a_host_that_only_answers_directly_shows_that_nothing_is_forwarded) {
  direct.answers = yes;
  const Stage stage = test({}, {host});
  EXPECT_EQ(stage.state, State::failed);
  EXPECT_EQ(
      stage.evidence,
      "192.168.1.10 answers this host in 2.0 ms, and not through the tunnel: a rule drops it");
  EXPECT_EQ(stage.cure, "remove the rule");
}

TEST_F(NetworkStages, without_a_host_nothing_is_said_to_work_or_to_fail) {
  const Stage stage = test({}, {});
  EXPECT_EQ(stage.state, State::not_tested);
  EXPECT_EQ(stage.evidence, "no host is known there");
  EXPECT_EQ(test({host}, {}).state, State::not_tested);
}

TEST_F(NetworkStages, hosts_are_searched_for_when_none_is_known) {
  help.search = [](const ip::Prefix&) { return std::vector{host}; };
  tunnel.answers = yes;
  EXPECT_EQ(test({}, {}).state, State::ok);
}

TEST_F(NetworkStages, from_a_clients_side_a_named_host_must_answer_and_a_guess_need_not) {
  help = {};
  EXPECT_EQ(test({host}, {}).state, State::failed);
  EXPECT_EQ(test({}, {host}).state, State::not_tested);
}

TEST_F(NetworkStages, a_family_that_the_tunnel_does_not_carry_is_not_tested) {
  plan.own4.reset();
  EXPECT_EQ(test({host}, {}).evidence, "the tunnel has no IPv4 address");
}

}  // namespace
}  // namespace adit::doctor
