#include "system/stream_relay.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/unit/system/scratch.h"
#include "tests/unit/system/tcp_peers.h"

namespace adit::system {
namespace {

class StreamRelaying : public NetworkTest {};

// A server that is a plain listening socket, and callers whose connections are relayed to it.
struct Relayed {
  explicit Relayed(const std::string& journal = {}, std::size_t most = 8) {
    listener = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto any = to_socket_address(at("127.0.0.1", 0), AF_INET);
    EXPECT_EQ(bind(listener.get(), any->raw(), any->size), 0);
    EXPECT_EQ(listen(listener.get(), 8), 0);
    StreamRelay::Setup setup;
    setup.target = local_endpoint(listener.get());
    if (!journal.empty()) setup.journal = Fd(open(journal.c_str(), O_DIRECTORY | O_RDONLY));
    setup.label = [](const ip::Endpoint& endpoint) { return endpoint.text(); };
    setup.most_pairs = most;
    setup.complain = [this](const std::string& what) {
      const std::lock_guard guard(lock);
      complaints.push_back(what);
    };
    relay = StreamRelay::start(std::move(setup)).value();
  }
  // The caller's own end; the other is the relay's.
  std::pair<Fd, ip::Endpoint> call() {
    const Fd door(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto any = to_socket_address(at("127.0.0.1", 0), AF_INET);
    EXPECT_EQ(bind(door.get(), any->raw(), any->size), 0);
    EXPECT_EQ(listen(door.get(), 1), 0);
    Fd caller(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to = to_socket_address(local_endpoint(door.get()), AF_INET);
    EXPECT_EQ(::connect(caller.get(), to->raw(), to->size), 0);
    relay->add(Fd(accept4(door.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
    const ip::Endpoint own = local_endpoint(caller.get());
    return {std::move(caller), own};
  }
  Fd answer() const {
    pollfd wait{listener.get(), POLLIN, 0};
    if (poll(&wait, 1, 5000) != 1) return {};
    return Fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  std::vector<std::string> complained() {
    const std::lock_guard guard(lock);
    return complaints;
  }

  Fd listener;
  std::mutex lock;
  std::vector<std::string> complaints;
  std::unique_ptr<StreamRelay> relay;
};

TEST_F(StreamRelaying, carries_both_ways_and_tells_each_end_of_the_other) {
  in_own_network([] {
    Relayed relayed;
    auto [caller, own] = relayed.call();
    const Fd server = relayed.answer();
    put(caller, "question");
    EXPECT_EQ(take(server, 8), "question");
    shutdown(caller.get(), SHUT_WR);
    EXPECT_EQ(take(server, 1), "");
    put(server, "answer");
    EXPECT_EQ(take(caller, 6), "answer");
    shutdown(server.get(), SHUT_RDWR);
    EXPECT_EQ(take(caller, 1), "");
  });
}

TEST_F(StreamRelaying, carries_more_than_the_ends_take_at_once) {
  in_own_network([] {
    Relayed relayed;
    auto [caller, own] = relayed.call();
    const Fd server = relayed.answer();
    std::string large(8 << 20, '\0');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 >> 3);
    std::thread sends([&] {
      put(server, large);
      shutdown(server.get(), SHUT_WR);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // nobody reads: it has to wait
    const std::string got = take(caller, large.size());
    sends.join();
    EXPECT_TRUE(got == large) << got.size();
    EXPECT_EQ(take(caller, 1), "");
  });
}

TEST_F(StreamRelaying, writes_who_calls_into_the_journal_as_long_as_it_lasts) {
  in_own_network([] {
    const Folder scratch;
    Relayed relayed(scratch.path());
    auto [caller, own] = relayed.call();
    Fd server = relayed.answer();
    put(caller, "x");
    EXPECT_EQ(take(server, 1), "x");
    const std::string note = scratch.path() + "/" + remote_endpoint(server.get()).text();
    std::string text;
    std::getline(std::ifstream(note), text);
    EXPECT_EQ(text, own.text());
    server.reset();
    caller.reset();
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(note); }));
  });
}

TEST_F(StreamRelaying, ends_all_that_is_open_with_itself) {
  in_own_network([] {
    const Folder scratch;
    Relayed relayed(scratch.path());
    auto [caller, own] = relayed.call();
    const Fd server = relayed.answer();
    put(caller, "x");
    EXPECT_EQ(take(server, 1), "x");
    relayed.relay.reset();
    EXPECT_EQ(take(caller, 1), "");
    EXPECT_EQ(take(server, 1), "");
    EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
  });
}

TEST_F(StreamRelaying, says_when_nobody_is_there_or_too_many_come) {
  in_own_network([] {
    Relayed relayed({}, 1);
    const auto first = relayed.call(), second = relayed.call();
    EXPECT_EQ(take(second.first, 1), "");
    ASSERT_TRUE(eventually([&] { return !relayed.complained().empty(); }));
    EXPECT_NE(relayed.complained()[0].find("no more than 1 connections"), std::string::npos);
    Relayed lonely;
    lonely.listener.reset();
    const auto third = lonely.call();
    EXPECT_EQ(take(third.first, 1), "");
    ASSERT_TRUE(eventually([&] { return !lonely.complained().empty(); }));
    EXPECT_NE(lonely.complained()[0].find("Connection refused"), std::string::npos);
  });
}

}  // namespace
}  // namespace adit::system
