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

TEST_F(ManagedServer, a_script_that_agrees_later_does_not_overrule_the_manager) {
  EXPECT_FALSE(comes_up(0, [this](const node::ServerNews& news) { deny(news); }));
  EXPECT_GE(asked, 1);
}

TEST_F(ManagedServer, the_manager_does_not_overrule_the_script) {
  EXPECT_FALSE(comes_up(1, [this](const node::ServerNews& news) { admit(news); }));
  EXPECT_GE(asked, 1);
}

TEST_F(ManagedServer, counts_the_bytes_of_clients_that_have_gone) {
  ASSERT_TRUE(comes_up(0, [this](const node::ServerNews& news) { admit(news); }));
  world.run_for(1s);
  const node::LinkBytes before = server.server().link_bytes();
  EXPECT_GT(before.received, 1000u);
  EXPECT_GT(before.sent, 1000u);
  world.clients().front()->leave();
  ASSERT_TRUE(world.run_until([this] { return server.server().clients() == 0; }, 300s));
  EXPECT_GE(server.server().link_bytes().received, before.received);
  EXPECT_GE(server.server().link_bytes().sent, before.sent);
}

// Whom nobody decides about comes again and again, and disturbs nobody.
TEST(SilentManager, costs_nothing_for_an_hour) {
  World world{7, {.reneg = 4h, .log_in = true}};
  ServerHost& server = world.add_server();
  server.let_manager_decide(0);
  ClientHost& living = world.add_client();
  const auto decide = [&] {
    for (const node::ServerNews& news : server.server().take_news()) {
      if (news.kind != node::ServerNews::Kind::connect) continue;
      server.server().admit_client(news.client, news.key, {}, world.now());
    }
  };
  ASSERT_TRUE(world.run_until([&] { return decide(), living.up(); }, 20s));
  ClientHost& waiting = world.add_client();
  world.traffic_every(1s);
  EXPECT_FALSE(world.run_until([&] { return waiting.up(); }, 3600s));
  EXPECT_TRUE(living.up() && living.attempts() == 1);
  EXPECT_LE(server.server().clients(), 2u);
  EXPECT_LE(server.store().files.size(), 3u);
  const auto news = server.server().take_news();
  EXPECT_GE(news.size(), 10u) << "each of its attempts is told";
  EXPECT_LE(news.size(), 2000u);
  EXPECT_TRUE(world.run_until([&] { return decide(), waiting.up(); }, 300s));
  for (const std::string& violation : world.invariants().violations()) ADD_FAILURE() << violation;
}

}  // namespace
}  // namespace adit::sim
