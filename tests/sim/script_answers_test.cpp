// Scripts of a server that answer at once, later, or not at all.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace adit::sim {
namespace {

class ScriptAnswers : public testing::Test {
 protected:
  void decide_by(options::Script options::Scripts::*hook,
                 std::function<int(const ports::Command&)> answer) {
    options::Scripts scripts;
    (scripts.*hook).words = {"script"};
    server.use_scripts(scripts, [this, answer = std::move(answer)](const ports::Command& command) {
      asked.push_back(command);
      return answer(command);
    });
  }
  bool comes_up(Duration within) {
    client = &world.add_client();
    return world.run_until([this] { return client->up(); }, within);
  }
  bool comes_up_later() {
    return world.run_until([this] { return client->up(); }, 5s);
  }
  std::string& file(std::string_view name) { return file(name, asked.size() - 1); }
  std::string& file(std::string_view name, std::size_t asking) {
    return server.store().files.at(variable(asked.at(asking), name));
  }
  void put_client_connect_off() {
    decide_by(&options::Scripts::client_connect, [this](const ports::Command&) {
      file("client_connect_deferred_file") = "2";
      return 0;
    });
  }
  // The client starts anew where it was, before the server has decided about it.
  bool asks_again_from_there() {
    const ip::Endpoint at = client->at();
    client->crash();
    client->move_to(at);
    return world.run_until([this] { return asked.size() == 2; }, 20s);
  }
  [[nodiscard]] std::size_t let_in() {
    return server.server().count(
        [](const node::ServerPeer& peer) { return peer.phase == node::ServerPeer::Phase::up; });
  }

  World world{9, {.wrap = Wrap::tls_crypt_v2, .log_in = true}};
  ServerHost& server = world.add_server();
  ClientHost* client = nullptr;
  std::vector<ports::Command> asked;
};

TEST_F(ScriptAnswers, a_no_of_tls_verify_makes_the_client_start_anew) {
  decide_by(&options::Scripts::tls_verify, [](const ports::Command&) { return 1; });
  EXPECT_FALSE(comes_up(10s));
  EXPECT_GE(client->attempts(), 2);
  EXPECT_EQ(client->ended()->text, "server-pushed-connection-reset");
  EXPECT_EQ(asked[0].argv, (std::vector<std::string>{"script", "0", "CN=client1"}));
}

TEST_F(ScriptAnswers, a_yes_of_tls_verify_lets_in) {
  decide_by(&options::Scripts::tls_verify, [](const ports::Command&) { return 0; });
  EXPECT_TRUE(comes_up(10s));
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(ScriptAnswers, tls_crypt_v2_verify_is_asked_and_its_no_removes_the_client) {
  decide_by(&options::Scripts::tls_crypt_v2_verify, [](const ports::Command&) { return 1; });
  EXPECT_FALSE(comes_up(10s));
  EXPECT_GE(asked.size(), 1u);
  EXPECT_EQ(variable(asked[0], "metadata_type"), "1");
  EXPECT_EQ(server.server().clients(), 0u);
  EXPECT_TRUE(server.store().files.empty());
}

TEST_F(ScriptAnswers, a_yes_of_tls_crypt_v2_verify_lets_in) {
  decide_by(&options::Scripts::tls_crypt_v2_verify, [](const ports::Command&) { return 0; });
  EXPECT_TRUE(comes_up(10s));
}

TEST_F(ScriptAnswers, a_password_may_be_judged_later) {
  decide_by(&options::Scripts::auth_user_pass_verify, [](const ports::Command&) { return 2; });
  EXPECT_FALSE(comes_up(10s));
  EXPECT_EQ(client->attempts(), 1);
  file("auth_control_file") = "1";
  EXPECT_TRUE(comes_up_later());
  EXPECT_TRUE(server.store().files.empty());
}

TEST_F(ScriptAnswers, a_later_no_carries_its_reason) {
  decide_by(&options::Scripts::auth_user_pass_verify, [](const ports::Command&) { return 2; });
  EXPECT_FALSE(comes_up(5s));
  file("auth_failed_reason_file") = "account locked\n";
  file("auth_control_file") = "0";
  EXPECT_FALSE(comes_up_later());
  ASSERT_TRUE(client->ended());
  EXPECT_EQ(client->ended()->text, "auth-failure");
}

TEST_F(ScriptAnswers, a_yes_to_one_login_lets_no_other_in_that_came_from_there_after_it) {
  decide_by(&options::Scripts::auth_user_pass_verify, [](const ports::Command&) { return 2; });
  EXPECT_FALSE(comes_up(5s));
  client->log_in_as("somebody");
  ASSERT_TRUE(asks_again_from_there());
  EXPECT_EQ(variable(asked[1], "username"), "somebody");
  file("auth_control_file", 0) = "1";
  world.run_for(2s);
  EXPECT_EQ(let_in(), 0u);
}

TEST_F(ScriptAnswers, an_abandoned_login_does_not_take_the_next_one_with_it) {
  decide_by(&options::Scripts::auth_user_pass_verify, [](const ports::Command&) { return 2; });
  EXPECT_FALSE(comes_up(40s));
  ASSERT_TRUE(asks_again_from_there());
  world.run_for(30s);  // the first had 60 s
  EXPECT_FALSE(client->up());
  file("auth_control_file", 1) = "1";
  EXPECT_TRUE(comes_up_later());
  EXPECT_EQ(client->attempts(), 2);
  EXPECT_EQ(let_in(), 1u);
}

TEST_F(ScriptAnswers, a_goodbye_of_who_was_not_let_in_ends_nobody) {
  decide_by(&options::Scripts::auth_user_pass_verify,
            [this](const ports::Command&) { return asked.size() == 1 ? 0 : 2; });
  ASSERT_TRUE(comes_up(5s));
  ASSERT_TRUE(asks_again_from_there());
  client->client().association()->active().send_message("EXIT", world.now());
  world.run_for(8s);
  EXPECT_EQ(let_in(), 1u);
}

TEST_F(ScriptAnswers, while_one_is_connecting_nobody_else_takes_its_place) {
  put_client_connect_off();
  EXPECT_FALSE(comes_up(5s));
  client->log_in_as("somebody");
  asks_again_from_there();
  ASSERT_TRUE(client->ended());
  EXPECT_EQ(client->ended()->text, "auth-failure");
}

TEST_F(ScriptAnswers, client_connect_of_a_former_session_decides_nothing) {
  put_client_connect_off();
  EXPECT_FALSE(comes_up(5s));
  ASSERT_TRUE(asks_again_from_there());
  const std::string address = variable(asked[0], "ifconfig_pool_remote_ip");
  EXPECT_EQ(variable(asked[1], "ifconfig_pool_remote_ip"), address);
  EXPECT_FALSE(comes_up_later());
  EXPECT_FALSE(server.store().files.contains(variable(asked[0], "client_connect_deferred_file")))
      << "nobody looks at it any more";
  file("client_connect_deferred_file") = "1";
  EXPECT_TRUE(comes_up_later());
  EXPECT_EQ(client->tunnel_address(), ip::Address::parse(address));
}

TEST_F(ScriptAnswers, nobody_waits_for_ever) {
  decide_by(&options::Scripts::auth_user_pass_verify, [](const ports::Command&) { return 2; });
  EXPECT_FALSE(comes_up(100s));
  EXPECT_LE(server.server().clients(), 1u);
  EXPECT_LE(server.store().files.size(), 3u);
}

TEST_F(ScriptAnswers, of_responses_without_end_a_few_are_looked_at) {
  decide_by(&options::Scripts::client_crresponse, [](const ports::Command&) { return 0; });
  ASSERT_TRUE(comes_up(10s));
  const auto respond = [this](int times) {
    for (int i = 0; i < times; ++i) {
      EXPECT_TRUE(client->client().respond("aGVsbG8=", world.now()));
      world.run_for(200ms);
    }
  };
  server.processes().hang = true;
  respond(20);
  EXPECT_EQ(server.store().files.size(), 8u);
  server.processes().hang = false;
  respond(2);
  EXPECT_EQ(asked.size(), 10u);
  EXPECT_TRUE(server.store().files.empty());
}

TEST_F(ScriptAnswers, a_client_crresponse_that_fails_changes_nothing) {
  decide_by(&options::Scripts::client_crresponse, [](const ports::Command&) { return 1; });
  ASSERT_TRUE(comes_up(10s));
  EXPECT_TRUE(client->client().respond("aGVsbG8=", world.now()));
  world.run_for(30s);
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_TRUE(client->up());
  EXPECT_EQ(client->attempts(), 1);
  EXPECT_TRUE(server.store().files.empty()) << "its file is gone";
}

TEST_F(ScriptAnswers, who_its_file_disables_goes_and_has_not_come) {
  server.give_file("client1", "disable\n");
  options::Scripts scripts;
  scripts.client_connect.words = {"come"};
  scripts.client_disconnect.words = {"gone"};
  server.use_scripts(scripts, [](const ports::Command&) { return 0; });
  EXPECT_FALSE(comes_up(10s));
  EXPECT_EQ(client->ended()->text, "auth-failure");
  EXPECT_FALSE(server.processes().ran.empty());
  for (const ports::Command& command : server.processes().ran) EXPECT_EQ(command.argv[0], "gone");
}

TEST_F(ScriptAnswers, who_a_script_disables_has_come_and_gone) {
  options::Scripts scripts;
  scripts.client_connect.words = {"come"};
  scripts.client_disconnect.words = {"gone"};
  server.use_scripts(scripts, [this](const ports::Command& command) {
    asked.push_back(command);
    if (command.argv[0] == "come") server.store().files.at(command.argv.back()) = "disable\n";
    return 0;
  });
  EXPECT_FALSE(comes_up(5s));
  EXPECT_EQ(client->ended()->text, "auth-failure");
  ASSERT_GE(asked.size(), 2u);
  EXPECT_EQ(asked[1].argv[0], "gone");
}

TEST_F(ScriptAnswers, client_connect_may_answer_later) {
  put_client_connect_off();
  EXPECT_FALSE(comes_up(5s));
  file("client_connect_config_file") = "ifconfig-push 10.8.15.9 255.255.240.0\n";
  file("client_connect_deferred_file") = "1";
  EXPECT_TRUE(comes_up_later());
  EXPECT_EQ(client->tunnel_address(), ip::Address::parse("10.8.15.9"));
  EXPECT_FALSE(server.server().peers().begin()->second->plan.slot) << "the pool has it back";
  EXPECT_TRUE(server.store().files.empty());
}

TEST_F(ScriptAnswers, client_connect_may_say_no_later) {
  put_client_connect_off();
  EXPECT_FALSE(comes_up(5s));
  file("client_connect_deferred_file") = "0";
  EXPECT_FALSE(comes_up_later());
  ASSERT_TRUE(client->ended());
  EXPECT_EQ(client->ended()->text, "auth-failure");
}

}  // namespace
}  // namespace adit::sim
