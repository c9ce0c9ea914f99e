#include "system/tcp_link.h"

#include <algorithm>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <random>

#include "system/lane_thread.h"
#include "tests/unit/system/tcp_peers.h"

namespace adit::system {
namespace {

class TcpLinks : public NetworkTest {};

TEST_F(TcpLinks, carries_framed_packets_both_ways) {
  in_own_network([] {
    TcpPeers server;
    const Fd client = server.connect();
    put(client, framed("hello"));
    const auto got = server.read();
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].text, "hello");
    EXPECT_EQ(got[0].from.remote, local_endpoint(client.get()));
    EXPECT_EQ(got[0].from.local, ip::Address::parse("127.0.0.1"));
    EXPECT_EQ(got[0].from.stream, server.numbers[0]);
    EXPECT_EQ(server.link->address(server.numbers[0]), got[0].from);
    server.send({"one", "two"}, got[0].from.stream);
    EXPECT_EQ(take(client, 10), framed("one") + framed("two"));
  });
}

TEST_F(TcpLinks, finds_packets_whatever_the_segments) {
  in_own_network([] {
    TcpPeers server({.largest_packet = 3000, .queue_packets = 64, .most_streams = 4});
    const Fd client = server.connect();
    const int on = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::mt19937 random(7);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    std::vector<std::string> sent;
    std::string stream;
    for (int i = 0; i < 400; ++i) {
      sent.emplace_back(1 + below(below(4) == 0 ? 3000 : 60), static_cast<char>('a' + i % 26));
      stream += framed(sent.back());
    }
    std::vector<std::string> got;
    while (!stream.empty()) {
      const std::size_t piece = std::min(stream.size(), 1 + below(below(3) == 0 ? 9000 : 5));
      put(client, stream.substr(0, piece));
      stream.erase(0, piece);
      for (const Received& packet : server.read()) got.push_back(packet.text);
    }
    for (auto& text : server.read_texts(sent.size() - got.size())) got.push_back(std::move(text));
    EXPECT_EQ(got, sent);
    EXPECT_TRUE(server.closed().empty());
  });
}

TEST_F(TcpLinks, hands_out_a_large_read_in_batches) {
  in_own_network([] {
    TcpPeers server;
    const Fd client = server.connect();
    std::string stream;
    for (int i = 0; i < 1000; ++i) stream += framed(std::to_string(i));
    put(client, stream);
    const auto texts = server.read_texts(1000);
    ASSERT_EQ(texts.size(), 1000u);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(texts[static_cast<std::size_t>(i)], std::to_string(i));
  });
}

TEST_F(TcpLinks, ends_a_stream_whose_framing_is_broken) {
  in_own_network([] {
    for (const std::string& bad : {std::string("\0\0", 2), framed(std::string(2049, 'x'))}) {
      TcpPeers server;
      const Fd client = server.connect();
      put(client, framed("good") + bad);
      EXPECT_EQ(server.read_texts(1), std::vector<std::string>{"good"});
      EXPECT_EQ(server.closed(), server.numbers);
      EXPECT_EQ(take(client, 1), "");  // the connection ended
      EXPECT_TRUE(server.closed().empty());
    }
  });
}

TEST_F(TcpLinks, reports_a_stream_that_its_peer_ends_once_and_lets_go_of_it) {
  in_own_network([] {
    TcpPeers server;
    {
      const Fd client = server.connect();
      put(client, framed("bye") + "\x01");  // and a part of a frame
    }
    EXPECT_EQ(server.read_texts(1), std::vector<std::string>{"bye"});
    std::vector<std::uint32_t> closed;
    EXPECT_TRUE(eventually([&] {
      server.read();
      closed = server.closed();
      return !closed.empty();
    }));
    EXPECT_EQ(closed, server.numbers);
    EXPECT_TRUE(server.closed().empty());
    server.link->flush();  // the writing half lets go
    EXPECT_EQ(server.link->streams(), 0u);
    EXPECT_FALSE(server.link->address(server.numbers[0]));
    server.send({"too late"}, server.numbers[0]);
    EXPECT_EQ(server.drops.of(Drop::link_error), 1u);
  });
}

TEST_F(TcpLinks, takes_a_half_closed_connection_for_ended) {
  in_own_network([] {
    TcpPeers server;
    const Fd client = server.connect();
    put(client, framed("last words"));
    shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(server.read_texts(1), std::vector<std::string>{"last words"});
    EXPECT_TRUE(eventually([&] {
      server.read();
      return server.closed() == server.numbers;
    }));
    EXPECT_EQ(take(client, 1), "");
  });
}

TEST_F(TcpLinks, reports_a_reset_connection) {
  in_own_network([] {
    TcpPeers server;
    Fd client = server.connect();
    const linger at_once{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.reset();
    EXPECT_TRUE(eventually([&] {
      server.read();
      return server.closed() == server.numbers;
    }));
  });
}

TEST_F(TcpLinks, closes_a_stream_after_what_was_sent_before) {
  in_own_network([] {
    TcpPeers server;
    const Fd client = server.connect();
    const std::uint32_t stream = server.numbers[0];
    server.link->close(stream);
    EXPECT_TRUE(server.link->flush());  // sees the word, and wants another turn
    server.send({"goodbye"}, stream);
    EXPECT_TRUE(server.link->flush());
    EXPECT_EQ(take(client, 100), framed("goodbye"));
    EXPECT_TRUE(eventually([&] {
      server.read();
      return server.closed() == server.numbers;
    }));
    server.link->flush();
    EXPECT_EQ(server.link->streams(), 0u);
    server.link->close(stream);  // twice does no harm
    server.link->flush();
    EXPECT_FALSE(server.link->flush() && server.link->flush());
  });
}

TEST_F(TcpLinks, keeps_a_bounded_queue_for_a_slow_reader_and_whole_packets_only) {
  in_own_network([] {
    TcpPeers server({.largest_packet = 2048, .queue_packets = 10, .most_streams = 4});
    const Fd client = server.connect("127.0.0.1", AF_INET, 4096);
    const std::uint32_t stream = server.numbers[0];
    std::size_t sent = 0;
    while (server.drops.of(Drop::queue_full) < 500) {
      std::vector<std::string> texts;
      for (int i = 0; i < 16; ++i) texts.push_back(std::to_string(sent++) + std::string(1000, ' '));
      server.send(texts, stream);
      ASSERT_LT(sent, 100000u);
    }
    // Whatever arrives is a sequence of whole frames; no more than were not dropped.
    const std::size_t kept = sent - server.drops.of(Drop::queue_full);
    long last = -1;
    for (std::size_t i = 0; i < kept; ++i) {
      server.link->flush();
      const std::string head = take(client, 2);
      ASSERT_EQ(head.size(), 2u);
      const std::size_t length = load_u16(reinterpret_cast<const std::uint8_t*>(head.data()));
      std::string body;
      EXPECT_TRUE(eventually([&] {
        server.link->flush();
        body += take(client, length - body.size(), 1);
        return body.size() == length;
      }));
      const long number = std::stol(body);
      EXPECT_GT(number, last);
      last = number;
    }
    EXPECT_FALSE(server.link->flush());
    server.send({"after"}, stream);
    EXPECT_EQ(take(client, 7), framed("after"));
  });
}

TEST_F(TcpLinks, does_not_let_a_slow_reader_hold_up_the_others) {
  in_own_network([] {
    TcpPeers server;
    const Fd slow = server.connect("127.0.0.1", AF_INET, 4096);
    const Fd quick = server.connect();
    while (server.drops.of(Drop::queue_full) == 0) {
      server.send(std::vector<std::string>(32, std::string(1400, 'x')), server.numbers[0]);
    }
    server.send({"quick"}, server.numbers[1]);
    EXPECT_EQ(take(quick, 7), framed("quick"));
    EXPECT_EQ(server.link->streams(), 2u);
  });
}

TEST_F(TcpLinks, gives_up_a_stream_that_breaks_while_packets_wait) {
  in_own_network([] {
    TcpPeers server;
    {
      const Fd client = server.connect("127.0.0.1", AF_INET, 4096);
      while (server.drops.of(Drop::queue_full) == 0) {
        server.send(std::vector<std::string>(32, std::string(1400, 'x')), server.numbers[0]);
      }
    }
    EXPECT_TRUE(eventually([&] {
      server.link->flush();
      server.read();
      return server.closed() == server.numbers;
    }));
    EXPECT_TRUE(eventually([&] {
      server.link->flush();
      return server.link->streams() == 0;
    }));
  });
}

TEST_F(TcpLinks, keeps_apart_packets_for_several_streams_in_one_batch) {
  in_own_network([] {
    TcpPeers server;
    const Fd one = server.connect(), other = server.connect();
    std::vector<ports::OutgoingPacket> packets;
    for (int i = 0; i < 10; ++i) {
      ports::LinkAddress to;
      to.stream = server.numbers[i % 3 == 0 ? 0 : 1];
      packets.push_back(server.outgoing.make(std::to_string(i), to));
    }
    server.link->write(packets, server.drops);
    EXPECT_EQ(take(one, 12), framed("0") + framed("3") + framed("6") + framed("9"));
    EXPECT_EQ(take(other, 18),
              framed("1") + framed("2") + framed("4") + framed("5") + framed("7") + framed("8"));
  });
}

// The socket's is that of what was written last.
TEST_F(TcpLinks, changes_the_tos_of_a_connection_with_its_packets) {
  in_own_network([] {
    TcpPeers server;
    const Fd client = server.connect();
    int ours = -1;  // the descriptor of the connection's other end: the newest there is
    for (int fd = 3; fd < 200; ++fd) {
      if (fd != client.get() && remote_endpoint(fd) == local_endpoint(client.get())) ours = fd;
    }
    ASSERT_GE(ours, 0);
    const auto send = [&](std::uint8_t tos) {
      ports::LinkAddress to;
      to.stream = server.numbers[0];
      std::vector<ports::OutgoingPacket> packets{server.outgoing.make("text", to)};
      packets[0].tos = tos;
      server.link->write(packets, server.drops);
      int value = -1;
      socklen_t size = sizeof value;
      EXPECT_EQ(getsockopt(ours, IPPROTO_IP, IP_TOS, &value, &size), 0);
      return value;
    };
    EXPECT_EQ(send(0), 0);
    EXPECT_EQ(send(0xB8), 0xB8);
    EXPECT_EQ(send(0xB8), 0xB8);
    EXPECT_EQ(send(0x23), 0x20) << "ECN is the kernel's";
    EXPECT_EQ(send(0), 0);
  });
}

TEST_F(TcpLinks, serves_two_hundred_connections) {
  in_own_network([] {
    TcpPeers server;
    constexpr std::size_t count = 200;
    std::vector<Fd> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(server.connect());
    EXPECT_EQ(server.link->streams(), count);
    for (std::size_t i = 0; i < count; ++i) put(clients[i], framed("from " + std::to_string(i)));
    std::vector<bool> seen(count);
    std::size_t got = 0;
    EXPECT_TRUE(eventually([&] {
      for (const Received& packet : server.read()) {
        const auto place = std::ranges::find(server.numbers, packet.from.stream);
        const auto index = static_cast<std::size_t>(place - server.numbers.begin());
        EXPECT_EQ(packet.text, "from " + std::to_string(index));
        EXPECT_FALSE(seen.at(index));
        seen[index] = true;
        ++got;
        server.send({"to " + std::to_string(index)}, packet.from.stream);
      }
      return got == count;
    }));
    for (std::size_t i = 0; i < count; ++i) {
      const std::string expected = framed("to " + std::to_string(i));
      EXPECT_EQ(take(clients[i], expected.size()), expected);
    }
    clients.clear();
    std::vector<std::uint32_t> closed;
    EXPECT_TRUE(eventually([&] {
      server.read();
      ports::LinkAddress few[16];  // as a lane asks
      const std::size_t more = server.link->take_closed(few);
      for (std::size_t i = 0; i < more; ++i) closed.push_back(few[i].stream);
      return closed.size() >= count;
    }));
    std::ranges::sort(closed);
    EXPECT_EQ(closed, server.numbers);
    server.link->flush();
    EXPECT_EQ(server.link->streams(), 0u);
  });
}

TEST_F(TcpLinks, stays_awake_until_every_closed_stream_was_taken) {
  in_own_network([] {
    TcpPeers server;
    { const Fd one = server.connect(), two = server.connect(), three = server.connect(); }
    const auto readable = [&] {
      pollfd wait{server.link->read_fd(), POLLIN, 0};
      return poll(&wait, 1, 5000) == 1;
    };
    std::size_t closed = 0;
    ports::LinkAddress place[1];
    while (closed < 3) {
      ASSERT_TRUE(readable()) << closed;
      server.read();
      closed += server.link->take_closed(place);
    }
    server.read();
    pollfd wait{server.link->read_fd(), POLLIN, 0};
    EXPECT_EQ(poll(&wait, 1, 0), 0);
  });
}

TEST_F(TcpLinks, refuses_more_connections_than_allowed) {
  in_own_network([] {
    TcpPeers server({.largest_packet = 2048, .queue_packets = 64, .most_streams = 2});
    const Fd one = server.connect(), two = server.connect(), three = server.connect();
    EXPECT_EQ(server.numbers.size(), 2u);
    EXPECT_EQ(server.refusals,
              std::vector<std::string>{"no more than 2 TCP connections at a time"});
    EXPECT_EQ(take(three, 1), "");
  });
}

TEST_F(TcpLinks, sets_its_sockets_to_send_small_packets_at_once) {
  in_own_network([] {
    TcpPeers server;
    const Fd plain(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to = to_socket_address(at("127.0.0.1", server.listener->local().port), AF_INET);
    ASSERT_EQ(::connect(plain.get(), to->raw(), to->size), 0);
    const int same = dup(plain.get());
    ASSERT_TRUE(server.link->adopt(Fd(same)));
    int at_once = 0;
    socklen_t size = sizeof at_once;
    ASSERT_EQ(getsockopt(plain.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, &size), 0);
    EXPECT_EQ(at_once, 1);
    EXPECT_NE(fcntl(plain.get(), F_GETFL) & O_NONBLOCK, 0);
  });
}

TEST_F(TcpLinks, takes_a_socket_without_such_options) {
  in_own_network([] {
    TcpPeers server;
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Fd keep(ends[1]);
    ASSERT_TRUE(server.link->adopt(Fd(ends[0])));  // whatever it is, it is made non-blocking
    const Fd client = server.connect();
    put(client, framed("a"));
    EXPECT_EQ(server.read_texts(1).size(), 1u);
  });
}

// The control thread accepts and closes while two lanes carry echoes.
TEST_F(TcpLinks, carries_traffic_on_two_lanes_while_connections_come_and_go) {
  in_own_network([] {
    TcpPeers server;
    const auto up_bell = EventDoorbell::create().value(),
               down_bell = EventDoorbell::create().value();
    std::mutex lock;
    std::vector<std::pair<std::string, ports::LinkAddress>> queue;
    std::atomic<std::size_t> closed{0}, echoed{0};
    auto down = LaneThread::start({"adit-down",
                                   {server.link->read_fd()},
                                   [&](Instant, WallTime) {
                                     const auto got = server.read();
                                     closed += server.closed().size();
                                     {
                                       const std::lock_guard guard(lock);
                                       for (const Received& packet : got)
                                         queue.emplace_back(packet.text, packet.from);
                                     }
                                     if (!got.empty()) up_bell->ring();
                                     return !got.empty();
                                   },
                                   *down_bell});
    OutgoingPackets outgoing;
    DropCounters drops;
    auto up = LaneThread::start({"adit-up",
                                 {server.link->write_fd()},
                                 [&](Instant, WallTime) {
                                   std::vector<std::pair<std::string, ports::LinkAddress>> mine;
                                   {
                                     const std::lock_guard guard(lock);
                                     const auto count = static_cast<std::ptrdiff_t>(
                                         std::min<std::size_t>(queue.size(), 60));
                                     mine.assign(queue.begin(), queue.begin() + count);
                                     queue.erase(queue.begin(), queue.begin() + count);
                                   }
                                   std::vector<ports::OutgoingPacket> packets;
                                   for (const auto& [text, to] : mine)
                                     packets.push_back(outgoing.make(text, to));
                                   server.link->write(packets, drops);
                                   echoed += packets.size();
                                   return server.link->flush() || !packets.empty();
                                 },
                                 *up_bell});
    constexpr std::size_t rounds = 100;
    for (std::size_t i = 0; i < rounds; ++i) {
      Fd client = server.connect();
      std::string all;
      for (int k = 0; k < 20; ++k) all += framed("echo " + std::to_string(k));
      put(client, all);
      EXPECT_EQ(take(client, all.size()), all);
      if (i % 2 == 0) {
        server.link->close(server.numbers.back());
        EXPECT_EQ(take(client, 1), "");
      }
    }
    EXPECT_TRUE(eventually([&] { return closed == rounds && server.link->streams() == 0; }));
    EXPECT_EQ(echoed, rounds * 20);
  });
}

}  // namespace
}  // namespace adit::system
