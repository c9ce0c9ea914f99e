// Plugins that decide about clients, at once, later, or not at all.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace adit::sim {
namespace {

using ports::PluginCall;
using ports::PluginEvent;
using ports::PluginReply;

PluginReply::One say(int status, std::vector<std::string> configs = {}) {
  return {"plugin.so", status, std::move(configs)};
}

class PluginAnswers : public testing::Test {
 protected:
  void decide_by(std::set<PluginEvent> wanted,
                 std::function<PluginReply::One(const PluginCall&)> answer) {
    plugins = &server.use_plugins(std::move(wanted));
    plugins->answer = std::move(answer);
  }
  void decide_by(PluginEvent event, int status) {
    decide_by({event}, [status](const PluginCall&) { return say(status); });
  }
  bool comes_up(Duration within = 10s) {
    client = &world.add_client();
    return world.run_until([this] { return client->up(); }, within);
  }
  bool comes_up_later() {
    return world.run_until([this] { return client->up(); }, 5s);
  }
  std::string& file(std::string_view name) {
    return server.store().files.at(variable(plugins->told.back(), name));
  }
  [[nodiscard]] std::vector<PluginEvent> events() const {
    std::vector<PluginEvent> all;
    for (const PluginCall& call : plugins->told) all.push_back(call.event);
    return all;
  }
  [[nodiscard]] bool refused() const { return client->ended()->text == "auth-failure"; }

  World world{11, {.log_in = true}};
  ServerHost& server = world.add_server();
  ClientHost* client = nullptr;
  MemoryPlugins* plugins = nullptr;
};

TEST_F(PluginAnswers, all_that_say_yes_let_in_and_hear_of_it_in_stocks_order) {
  using E = PluginEvent;
  decide_by({E::tls_verify, E::auth_user_pass_verify, E::tls_final, E::ipchange, E::client_connect,
             E::client_connect_v2, E::learn_address, E::client_disconnect},
            [](const PluginCall&) { return say(PluginReply::success); });
  ASSERT_TRUE(comes_up());
  world.run_for(1s);
  EXPECT_EQ(events(),
            (std::vector<E>{E::tls_verify, E::auth_user_pass_verify, E::tls_final, E::ipchange,
                            E::client_connect, E::client_connect_v2, E::learn_address}));
  const std::uint64_t context = plugins->told[0].client;
  EXPECT_NE(context, 0u);
  EXPECT_EQ(plugins->told[3].client, 0u) << "the server's own";
  EXPECT_EQ(plugins->told[5].client, context);
  EXPECT_EQ(variable(plugins->told[1], "password"), "secret");
  EXPECT_EQ(variable(plugins->told[2], "password"), "");
  client->leave();
  EXPECT_TRUE(world.run_until([this] { return !plugins->forgotten.empty(); }, 200s));
  EXPECT_EQ(plugins->forgotten, std::vector<std::uint64_t>{context});
  EXPECT_EQ(plugins->told[7].event, E::client_disconnect);
  EXPECT_TRUE(server.store().files.empty());
}

TEST_F(PluginAnswers, a_no_of_tls_verify_makes_the_client_start_anew) {
  decide_by(PluginEvent::tls_verify, PluginReply::error);
  EXPECT_FALSE(comes_up());
  EXPECT_EQ(client->ended()->text, "server-pushed-connection-reset");
  EXPECT_EQ(plugins->told[0].arguments, (std::vector<std::string>{"0", "CN=client1"}));
  EXPECT_EQ(plugins->told[0].depth, 0);
}

TEST_F(PluginAnswers, one_no_is_enough) {
  for (const PluginEvent event : {PluginEvent::auth_user_pass_verify, PluginEvent::tls_final,
                                  PluginEvent::client_connect, PluginEvent::client_connect_v2}) {
    decide_by(event, PluginReply::error);
    EXPECT_FALSE(comes_up()) << static_cast<int>(event);
    EXPECT_TRUE(refused()) << static_cast<int>(event);
    decide_by(event, PluginReply::never_answered);
    EXPECT_FALSE(comes_up()) << static_cast<int>(event);
  }
}

TEST_F(PluginAnswers, a_login_may_be_judged_later) {
  decide_by(PluginEvent::auth_user_pass_verify, PluginReply::deferred);
  EXPECT_FALSE(comes_up());
  EXPECT_EQ(client->attempts(), 1);
  file("auth_control_file") = "1";
  EXPECT_TRUE(comes_up_later());
  EXPECT_TRUE(server.store().files.empty());
}

TEST_F(PluginAnswers, a_later_no_is_a_no) {
  decide_by(PluginEvent::auth_user_pass_verify, PluginReply::deferred);
  EXPECT_FALSE(comes_up(5s));
  file("auth_control_file") = "0";
  EXPECT_FALSE(comes_up_later());
  EXPECT_TRUE(refused());
}

TEST_F(PluginAnswers, the_script_is_asked_as_well) {
  options::Scripts scripts;
  scripts.auth_user_pass_verify.words = {"script"};
  int asked = 0, status = 1;
  server.use_scripts(scripts, [&](const ports::Command&) {
    ++asked;
    return status;
  });
  decide_by(PluginEvent::auth_user_pass_verify, PluginReply::success);
  EXPECT_FALSE(comes_up(5s));
  EXPECT_TRUE(refused());
  EXPECT_GT(asked, 0);
  status = 0;
  EXPECT_TRUE(comes_up());
  decide_by(PluginEvent::auth_user_pass_verify, PluginReply::error);
  asked = 0;
  EXPECT_FALSE(comes_up(5s));
  EXPECT_EQ(asked, 0) << "who was refused is not looked at again";
}

TEST_F(PluginAnswers, client_connect_is_asked_again_as_long_as_it_is_undecided) {
  int turns = 3;
  decide_by({PluginEvent::client_connect, PluginEvent::client_connect_defer},
            [&](const PluginCall&) { return say(turns-- > 0 ? 2 : 0); });
  client = &world.add_client();
  ASSERT_TRUE(world.run_until([this] { return plugins->told.size() == 3; }, 10s));
  EXPECT_FALSE(client->up());
  file("client_connect_config_file") = "ifconfig-push 10.8.15.9 255.255.240.0\n";
  EXPECT_TRUE(comes_up_later());
  EXPECT_EQ(client->tunnel_address(), ip::Address::parse("10.8.15.9"));
  EXPECT_EQ(plugins->told.size(), 4u);
  EXPECT_TRUE(server.store().files.empty());
}

TEST_F(PluginAnswers, the_second_kind_hands_options_back) {
  decide_by({PluginEvent::client_connect_v2, PluginEvent::client_connect_defer_v2},
            [](const PluginCall& call) {
              if (call.event == PluginEvent::client_connect_v2) return say(PluginReply::deferred);
              return say(PluginReply::success, {"ifconfig-push 10.8.15.9 255.255.240.0\n"});
            });
  EXPECT_TRUE(comes_up());
  EXPECT_EQ(client->tunnel_address(), ip::Address::parse("10.8.15.9"));
}

TEST_F(PluginAnswers, who_is_disabled_by_the_first_kind_is_not_asked_about_further) {
  using E = PluginEvent;
  decide_by({E::client_connect, E::client_connect_v2, E::client_disconnect},
            [this](const PluginCall& call) {
              if (call.event == E::client_connect) {
                file("client_connect_config_file") = "disable\n";
              }
              return say(PluginReply::success);
            });
  EXPECT_FALSE(comes_up(5s));
  EXPECT_TRUE(refused());
  ASSERT_GE(plugins->told.size(), 2u);
  EXPECT_EQ(plugins->told[0].event, E::client_connect);
  EXPECT_EQ(plugins->told[1].event, E::client_disconnect);
}

TEST_F(PluginAnswers, who_cannot_be_asked_again_cannot_answer_later) {
  decide_by(PluginEvent::client_connect, PluginReply::deferred);
  EXPECT_FALSE(comes_up(5s));
  EXPECT_TRUE(refused());
}

TEST_F(PluginAnswers, the_file_for_late_answers_weighs_more) {
  decide_by({PluginEvent::client_connect}, [this](const PluginCall&) {
    file("client_connect_deferred_file") = "0";
    return say(PluginReply::success);
  });
  EXPECT_FALSE(comes_up(5s));
  EXPECT_TRUE(refused());
}

TEST_F(PluginAnswers, who_refuses_an_address_leaves_the_client_without) {
  decide_by(PluginEvent::learn_address, PluginReply::error);
  EXPECT_TRUE(comes_up());
  EXPECT_EQ(plugins->told[0].arguments[0], "add");
  world.run_for(1s);
  client->send_inside(*client->tunnel_address(), *ip::Address::parse("10.8.0.1"));
  world.run_for(1s);
  EXPECT_EQ(server.received(), 0u);
}

TEST_F(PluginAnswers, a_client_asks_its_own_about_what_tls_has_come_to) {
  client = &world.add_client();
  client->plugins().wanted = {PluginEvent::tls_final, PluginEvent::up};
  client->plugins().answer = [](const PluginCall&) { return say(PluginReply::error); };
  EXPECT_FALSE(world.run_until([this] { return client->up(); }, 10s));
  EXPECT_EQ(client->ended()->text, "tls-error");
  client->plugins().answer = [](const PluginCall&) { return say(PluginReply::success); };
  EXPECT_TRUE(world.run_until([this] { return client->up(); }, 20s));
  EXPECT_EQ(client->plugins().told.back().event, PluginEvent::up);
}

}  // namespace
}  // namespace adit::sim
