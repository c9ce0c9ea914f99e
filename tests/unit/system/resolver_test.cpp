#include "system/resolver.h"

#include <condition_variable>

#include "tests/unit/system/addresses.h"
#include "tests/unit/system/sandbox.h"

namespace adit::system {
namespace {

using Addresses = Resolver::Addresses;

// A name server that answers when it is told to.
struct SlowServer {
  Result<Addresses> look_up(const std::string& host) {
    std::unique_lock guard(lock);
    asked.push_back(host);
    wake.wait(guard, [&] { return answering; });
    return Addresses{addr("192.0.2." + std::to_string(host.size()))};
  }
  std::vector<std::string> questions() {
    const std::lock_guard guard(lock);
    return asked;
  }
  void answer() {
    {
      const std::lock_guard guard(lock);
      answering = true;
    }
    wake.notify_all();
  }
  std::mutex lock;
  std::condition_variable wake;
  bool answering = false;
  std::vector<std::string> asked;
};

// Held by the threads too, so that it outlives them.
struct Fixture {
  std::shared_ptr<SlowServer> server = std::make_shared<SlowServer>();
  std::unique_ptr<Loop> loop = make_loop();
  std::vector<std::string> told;

  Resolver::LookUp look_up() {
    return [server = server](const std::string& host, std::optional<ip::Family>) {
      return server->look_up(host);
    };
  }
  Resolver::Done tell() {
    return [this](Result<Addresses> answer) {
      told.push_back(answer ? answer->front().text() : answer.error().what);
    };
  }
  ~Fixture() { server->answer(); }
};

TEST(Resolver, answers_literal_addresses_without_asking) {
  Fixture f;
  Resolver resolver(*f.loop, f.look_up());
  for (const char* text : {"192.0.2.7", "2001:db8::7"}) {
    f.told.clear();
    resolver.resolve(text, std::nullopt, f.tell());
    EXPECT_TRUE(f.told.empty()) << "told from within";
    EXPECT_TRUE(run_until(*f.loop, [&] { return !f.told.empty(); }));
    EXPECT_EQ(f.told, std::vector<std::string>{text});
  }
  EXPECT_TRUE(f.server->questions().empty());
}

TEST(Resolver, refuses_a_literal_of_the_wrong_family) {
  Fixture f;
  Resolver resolver(*f.loop, f.look_up());
  resolver.resolve("192.0.2.7", ip::Family::v6, f.tell());
  EXPECT_TRUE(run_until(*f.loop, [&] { return !f.told.empty(); }));
  EXPECT_EQ(f.told, std::vector<std::string>{"192.0.2.7 is not an IPv6 address"});
}

TEST(Resolver, answers_names_on_the_loops_thread) {
  Fixture f;
  Resolver resolver(*f.loop, f.look_up());
  std::thread::id told_on;
  resolver.resolve("name", std::nullopt, [&](Result<Addresses> answer) {
    told_on = std::this_thread::get_id();
    EXPECT_EQ(answer.value(), Addresses{addr("192.0.2.4")});
  });
  f.server->answer();
  EXPECT_TRUE(run_until(*f.loop, [&] { return told_on != std::thread::id(); }));
  EXPECT_EQ(told_on, std::this_thread::get_id());
}

TEST(Resolver, forgets_a_question_that_was_cancelled) {
  Fixture f;
  Resolver resolver(*f.loop, f.look_up());
  resolver.resolve("name", std::nullopt, f.tell());
  EXPECT_TRUE(eventually([&] { return f.server->questions().size() == 1; }));
  resolver.cancel();
  f.server->answer();
  EXPECT_FALSE(run_until(
      *f.loop, [&] { return !f.told.empty(); }, 50ms));
  resolver.resolve("other", std::nullopt, f.tell());
  EXPECT_TRUE(run_until(*f.loop, [&] { return !f.told.empty(); }));
  EXPECT_EQ(f.told, std::vector<std::string>{"192.0.2.5"});
}

TEST(Resolver, answers_only_the_newest_question) {
  Fixture f;
  Resolver resolver(*f.loop, f.look_up());
  for (const char* name : {"a", "ab", "abc", "abcd", "abcde"}) {
    resolver.resolve(name, std::nullopt, f.tell());
  }
  f.server->answer();
  EXPECT_TRUE(run_until(*f.loop, [&] { return !f.told.empty(); }));
  EXPECT_FALSE(run_until(
      *f.loop, [&] { return f.told.size() > 1; }, 20ms));
  EXPECT_EQ(f.told, std::vector<std::string>{"192.0.2.5"});
}

TEST(Resolver, answers_the_next_question_while_one_hangs) {
  auto loop = make_loop();
  const auto hanging = std::make_shared<SlowServer>();
  std::vector<std::string> told;
  {
    Resolver resolver(
        *loop, [hanging](const std::string& host, std::optional<ip::Family>) -> Result<Addresses> {
          if (host == "hangs") return hanging->look_up(host);
          return Addresses{addr("192.0.2.99")};
        });
    resolver.resolve("hangs", std::nullopt, [&](Result<Addresses>) { told.push_back("hung"); });
    EXPECT_TRUE(eventually([&] { return hanging->questions().size() == 1; }));
    resolver.resolve("other", std::nullopt,
                     [&](Result<Addresses> answer) { told.push_back(answer->front().text()); });
    EXPECT_TRUE(run_until(*loop, [&] { return !told.empty(); }));
  }
  EXPECT_EQ(told, std::vector<std::string>{"192.0.2.99"});
  hanging->answer();
}

TEST(Resolver, that_hangs_does_not_hold_up_its_own_end) {
  const auto server = std::make_shared<SlowServer>();
  {
    const auto loop = make_loop();
    auto resolver = std::make_unique<Resolver>(
        *loop, [server](const std::string& host, std::optional<ip::Family>) {
          return server->look_up(host);
        });
    resolver->resolve("one", std::nullopt, [](Result<Addresses>) { FAIL(); });
    EXPECT_TRUE(eventually([&] { return server->questions().size() == 1; }));
    resolver->resolve("other", std::nullopt, [](Result<Addresses>) { FAIL(); });
    EXPECT_TRUE(eventually([&] { return server->questions().size() == 2; }));
    resolver->resolve("third", std::nullopt, [](Result<Addresses>) { FAIL(); });
    const Instant begin = monotonic_now();
    resolver.reset();
    EXPECT_LT(monotonic_now() - begin, 500ms);
  }  // not even the loop is there any more
  server->answer();
  EXPECT_EQ(server->questions().size(), 2u);  // no third thread hung
}

TEST(Resolver, that_hangs_does_not_hold_up_the_end_of_the_process) {
  const Instant begin = monotonic_now();
  const int status = in_child([] {
    const auto server = std::make_shared<SlowServer>();
    const auto loop = make_loop();
    Resolver resolver(*loop, [server](const std::string& host, std::optional<ip::Family>) {
      return server->look_up(host);
    });
    resolver.resolve("name", std::nullopt, [](Result<Addresses>) {});
    EXPECT_TRUE(eventually([&] { return server->questions().size() == 1; }));
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  });
  EXPECT_EQ(status, 0);
  EXPECT_LT(monotonic_now() - begin, 5s);
}

TEST(Resolver, gone_before_its_answer_is_handed_over_tells_nobody) {
  Fixture f;
  {
    Resolver resolver(*f.loop, f.look_up());
    resolver.resolve("192.0.2.1", std::nullopt, f.tell());
  }
  f.loop->run_once(Instant::min());
  EXPECT_TRUE(f.told.empty());
}

TEST(Resolver, asks_the_host_for_its_own_name) {
  const auto both = Resolver::ask_host("localhost", std::nullopt);
  ASSERT_TRUE(both) << both.error().text();
  EXPECT_FALSE(both->empty());
  const auto v4 = Resolver::ask_host("localhost", ip::Family::v4);
  ASSERT_TRUE(v4);
  EXPECT_EQ(*v4, Addresses{addr("127.0.0.1")});
}

class ResolverNetworkTest : public NetworkTest {};

TEST_F(ResolverNetworkTest, says_which_name_it_could_not_resolve) {
  in_own_network([] {
    const auto answer = Resolver::ask_host("no-such-host.invalid", std::nullopt);
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().what.starts_with("cannot resolve no-such-host.invalid: "))
        << answer.error().what;
    EXPECT_FALSE(answer.error().advice.empty());
  });
}

}  // namespace
}  // namespace adit::system
