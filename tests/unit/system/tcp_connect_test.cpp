#include "system/tcp_connect.h"

#include "tests/unit/system/tcp_peers.h"

namespace adit::system {
namespace {

class TcpConnect : public NetworkTest {};

TEST_F(TcpConnect, listens_to_both_families_on_a_dual_socket) {
  in_own_network([] {
    TcpPeers server({}, Stack::dual);
    const Fd v4 = server.connect("127.0.0.1"), v6 = server.connect("::1", AF_INET6);
    EXPECT_EQ(server.link->address(server.numbers[0])->remote, local_endpoint(v4.get()));
    EXPECT_TRUE(server.link->address(server.numbers[0])->local.is_v4());
    EXPECT_EQ(server.link->address(server.numbers[1])->remote, local_endpoint(v6.get()));
  });
}

TEST_F(TcpConnect, listener_says_who_has_the_port) {
  in_own_network([] {
    TcpPeers server;
    TcpListenSettings settings;
    settings.local_port = server.listener->local().port;
    const auto second = TcpListener::open(*server.loop, settings, [](Result<Fd>) {});
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().what.ends_with("Address already in use")) << second.error().what;
    EXPECT_NE(second.error().advice.find("(pid "), std::string::npos) << second.error().advice;
  });
}

TEST_F(TcpConnect, connector_makes_a_connection) {
  in_own_network([] {
    TcpPeers server;
    TcpConnector connector(*server.loop);
    std::optional<Result<Fd>> result;
    TcpConnectSettings settings;
    settings.remote = server.listener->local();
    settings.remote.address = *ip::Address::parse("127.0.0.1");
    settings.local = ip::Address::parse("127.0.0.9");
    connector.connect(settings, [&](Result<Fd> socket) { result = std::move(socket); });
    EXPECT_FALSE(result);
    ASSERT_TRUE(run_until(*server.loop, [&] { return result && !server.numbers.empty(); }));
    ASSERT_TRUE(*result) << result->error().text();
    EXPECT_EQ(server.link->address(server.numbers[0])->remote, local_endpoint((*result)->get()));
    EXPECT_EQ(local_endpoint((*result)->get()).address, *settings.local);
    const auto client = TcpLink::create({}).value();
    const auto stream = client->adopt(std::move(**result));
    ASSERT_TRUE(stream);
    ports::LinkAddress to;
    to.stream = *stream;
    const ports::OutgoingPacket packets[] = {server.outgoing.make("hello", to)};
    client->write(packets, server.drops);
    EXPECT_EQ(server.read_texts(1), std::vector<std::string>{"hello"});
  });
}

TEST_F(TcpConnect, connector_tells_why_it_failed) {
  in_own_network([] {
    const auto loop = make_loop();
    TcpConnector connector(*loop);
    std::optional<Result<Fd>> result;
    const auto try_to = [&](const ip::Endpoint& remote, Duration timeout) {
      result.reset();
      TcpConnectSettings settings;
      settings.remote = remote;
      settings.timeout = timeout;
      connector.connect(settings, [&](Result<Fd> socket) { result = std::move(socket); });
      EXPECT_FALSE(result) << "told from within";
      EXPECT_TRUE(run_until(*loop, [&] { return result.has_value(); }));
      return result && !*result ? result->error() : Error{"connected", ""};
    };
    const Error refused = try_to(at("127.0.0.1", 1), 5s);
    EXPECT_EQ(refused.what, "cannot connect to 127.0.0.1:1: Connection refused");
    EXPECT_FALSE(refused.advice.empty());
    EXPECT_EQ(try_to(at("192.0.2.1", 443), 5s).what,
              "cannot connect to 192.0.2.1:443: Network is unreachable");
    EXPECT_EQ(try_to(at("2001:db8::1", 443), 5s).what,
              "cannot connect to [2001:db8::1]:443: Network is unreachable");
  });
}

TEST_F(TcpConnect, connector_gives_up_after_its_timeout) {
  in_own_network([] {
    const auto loop = make_loop();
    // A listener whose queue is full answers nobody.
    const Fd full(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto own = to_socket_address(at("127.0.0.1", 0), AF_INET);
    ASSERT_EQ(bind(full.get(), own->raw(), own->size), 0);
    ASSERT_EQ(listen(full.get(), 0), 0);
    const ip::Endpoint remote = local_endpoint(full.get());
    std::vector<Fd> waiting;
    const auto to = to_socket_address(remote, AF_INET);
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(waiting.back().get(), to->raw(), to->size);
    }
    TcpConnector connector(*loop);
    std::optional<Result<Fd>> result;
    TcpConnectSettings settings;
    settings.remote = remote;
    settings.timeout = 50ms;
    const Instant begin = loop->now();
    connector.connect(settings, [&](Result<Fd> socket) { result = std::move(socket); });
    ASSERT_TRUE(run_until(*loop, [&] { return result.has_value(); }));
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().what,
              "cannot connect to " + remote.text() + ": Connection timed out");
    EXPECT_GE(loop->now() - begin, 50ms);
  });
}

TEST_F(TcpConnect, connector_forgets_what_was_cancelled) {
  in_own_network([] {
    TcpPeers server;
    TcpConnectSettings settings;
    settings.remote = at("127.0.0.1", server.listener->local().port);
    int calls = 0;
    TcpConnector connector(*server.loop);
    connector.connect(settings, [&](Result<Fd>) { calls += 100; });
    connector.cancel();
    connector.connect(settings, [&](Result<Fd>) { calls += 1000; });
    connector.connect(settings, [&](Result<Fd>) { ++calls; });
    EXPECT_TRUE(run_until(*server.loop, [&] { return calls > 0; }));
    EXPECT_EQ(calls, 1);
  });
}

}  // namespace
}  // namespace adit::system
