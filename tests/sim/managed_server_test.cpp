// A manager and a script both decide who may enter.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace adit::sim {
namespace {

class ManagedServer : public testing::Test {
 protected:
  // A client connects; answer says what the manager does about it. Whether it was let in.
  bool comes_up(int script_status, const std::function<void(const node::ServerNews&)>& answer) {
    server.let_manager_decide(script_status);
    ClientHost& client = world.add_client();
    return world.run_until(
        [&] {
          for (const node::ServerNews& news : server.server().take_news()) {
            asked += news.kind == node::ServerNews::Kind::connect ? 1 : 0;
            if (news.kind == node::ServerNews::Kind::connect) answer(news);
          }
          return client.up();
        },
        20s);
  }
  void admit(const node::ServerNews& news) {
    EXPECT_TRUE(server.server().admit_client(news.client, news.key, {}, world.now()));
  }
  void deny(const node::ServerNews& news) {
    EXPECT_TRUE(server.server().deny_client(news.client, news.key, "no", {}, world.now()));
  }

  World world{7, {.log_in = true}};
  ServerHost& server = world.add_server();
  int asked = 0;
};

TEST_F(ManagedServer, lets_in_whom_both_admit) {
  EXPECT_TRUE(comes_up(0, [this](const node::ServerNews& news) { admit(news); }));
  EXPECT_EQ(asked, 1);
}

TEST_F(ManagedServer, waits_for_the_manager_though_the_script_agrees) {
  EXPECT_FALSE(comes_up(0, [](const node::ServerNews&) {}));
  EXPECT_GE(asked, 1);
}

// One that asks all the time is let in by nobody, and disturbs nobody either.
TEST_F(ManagedServer, a_manager_that_is_silent_for_an_hour_costs_nothing) {
  server.let_manager_decide(0);
  ClientHost& living = world.add_client();
  const auto look = [&] {
    for (const node::ServerNews& news : server.server().take_news()) {
      if (news.kind == node::ServerNews::Kind::connect) admit(news);
    }
    return living.up();
  };
  ASSERT_TRUE(world.run_until(look, 20s));
  ClientHost& waiting = world.add_client();
  world.traffic_every(1s);
  EXPECT_FALSE(world.run_until([&] { return waiting.up(); }, 3600s));
  EXPECT_TRUE(living.up());
  EXPECT_LE(server.server().clients(), 2u);
  EXPECT_LE(server.store().files.size(), 3u);
  const auto news = server.server().take_news();
  EXPECT_GE(news.size(), 10u) << "each of its attempts is told";
  EXPECT_LE(news.size(), 2000u);
  EXPECT_TRUE(world.run_until([&] { return look() && waiting.up(); }, 120s));
  for (const std::string& violation : world.invariants().violations()) ADD_FAILURE() << violation;
}

TEST_F(ManagedServer, a_script_that_agrees_later_does_not_overrule_the_manager) {
  EXPECT_FALSE(comes_up(0, [this](const node::ServerNews& news) { deny(news); }));
  EXPECT_GE(asked, 1);
}

TEST_F(ManagedServer, the_manager_does_not_overrule_the_script) {
  EXPECT_FALSE(comes_up(1, [this](const node::ServerNews& news) { admit(news); }));
  EXPECT_GE(asked, 1);
}

}  // namespace
}  // namespace adit::sim
