#include <atomic>

#include "system/lane_thread.h"
#include "tests/unit/system/udp_ends.h"

namespace adit::system {
namespace {

class UdpTest : public NetworkTest {};

TEST_F(UdpTest, answers_from_the_address_that_was_asked) {
  in_own_network([] {
    UdpEnd end(any(Stack::v4));
    const std::uint16_t port = end.link->local().port;
    UdpPeer peer(at("127.0.0.1", 0));
    for (const char* asked : {"127.0.0.1", "127.0.0.2", "127.9.8.7"}) {
      peer.send("question", at(asked, port));
      const ReceivedText got = end.receive();
      EXPECT_EQ(got.text, "question");
      EXPECT_EQ(got.from.remote, peer.endpoint);
      EXPECT_EQ(got.from.local, addr(asked));
      end.send({{"answer", got.from}});
      EXPECT_EQ(peer.receive(), (std::pair<std::string, ip::Endpoint>("answer", at(asked, port))));
    }
  });
}

TEST_F(UdpTest, answers_from_the_ipv6_address_that_was_asked) {
  in_own_network([] {
    add_to_loopback("fd00::1", 128);
    add_to_loopback("fd00::2", 128);
    for (const Stack stack : {Stack::v6_only, Stack::dual}) {
      UdpEnd end(any(stack));
      const std::uint16_t port = end.link->local().port;
      UdpPeer peer(at("fd00::1", 0));
      for (const char* asked : {"::1", "fd00::1", "fd00::2"}) {
        peer.send("question", at(asked, port));
        const ReceivedText got = end.receive();
        EXPECT_EQ(got.from.remote, peer.endpoint);
        EXPECT_EQ(got.from.local, addr(asked));
        end.send({{"answer", got.from}});
        EXPECT_EQ(peer.receive().second, at(asked, port));
      }
    }
  });
}

TEST_F(UdpTest, speaks_ipv4_on_a_dual_socket_as_if_it_were_plain) {
  in_own_network([] {
    UdpEnd end(any(Stack::dual));
    const std::uint16_t port = end.link->local().port;
    UdpPeer peer(at("127.0.0.1", 0));
    peer.send("question", at("127.0.0.5", port));
    const ReceivedText got = end.receive();
    EXPECT_EQ(got.from.remote, peer.endpoint);
    EXPECT_TRUE(got.from.remote.address.is_v4());
    EXPECT_EQ(got.from.local, addr("127.0.0.5"));
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().second, at("127.0.0.5", port));
    // Without a source routing chooses one.
    end.send({{"unasked", {peer.endpoint, {}, 0}}});
    EXPECT_EQ(peer.receive().second, at("127.0.0.1", port));
  });
}

TEST_F(UdpTest, leaves_ipv4_alone_when_told_ipv6_only) {
  in_own_network([] {
    UdpEnd end(any(Stack::v6_only));
    UdpPeer peer(at("127.0.0.1", end.link->local().port));  // the port is free for IPv4
    end.send({{"lost", {peer.endpoint, {}, 0}}});
    EXPECT_EQ(end.drops.of(Drop::link_error), 1u);
  });
}

TEST_F(UdpTest, keeps_the_scope_of_link_local_addresses) {
  in_own_network([] {
    add_to_loopback("fe80::1", 64);
    UdpEnd end(any(Stack::dual));
    ip::Endpoint own = at("fe80::1", 0);
    own.scope_id = 1;
    UdpPeer peer(own);
    ip::Endpoint to = at("fe80::1", end.link->local().port);
    to.scope_id = 1;
    peer.send("question", to);
    const ReceivedText got = end.receive();
    EXPECT_EQ(got.from.remote.scope_id, 1u);
    EXPECT_EQ(got.from.remote, peer.endpoint);
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().first, "answer");
  });
}

TEST_F(UdpTest, bound_to_one_address_needs_no_source) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    settings.local = addr("127.0.0.3");
    UdpEnd end(settings);
    UdpPeer peer(at("127.0.0.1", 0));
    peer.send("question", end.link->local());
    const ReceivedText got = end.receive();
    EXPECT_EQ(got.from.local, addr("127.0.0.3"));
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().second, end.link->local());
  });
}

TEST_F(UdpTest, without_binding_gets_a_port_with_its_first_datagram) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    settings.bind = false;
    settings.local_port = 1194;
    UdpEnd end(settings);
    EXPECT_EQ(end.link->local().port, 0);
    UdpPeer peer(at("127.0.0.1", 0));
    end.send({{"hello", {peer.endpoint, {}, 0}}});
    EXPECT_EQ(peer.receive().second, at("127.0.0.1", end.link->local().port));
    EXPECT_NE(end.link->local().port, 0);
    EXPECT_NE(end.link->local().port, 1194);
    peer.send("answer", at("127.0.0.1", end.link->local().port));
    const ReceivedText got = end.receive();
    EXPECT_EQ(got.from.local, ip::Address());  // it may change as the host roams
  });
}

TEST_F(UdpTest, sends_on_when_the_address_it_was_asked_at_is_gone) {
  in_own_network([] {
    add_to_loopback("10.1.1.1", 32);
    UdpEnd end(any(Stack::v4));
    UdpPeer peer(at("127.0.0.1", 0));
    peer.send("question", at("10.1.1.1", end.link->local().port));
    const ReceivedText got = end.receive();
    ASSERT_EQ(got.from.local, addr("10.1.1.1"));
    ASSERT_TRUE(Netlink::open().value()->remove_address("lo", {addr("10.1.1.1"), 32, {}, {}}));
    end.send({{"answer", got.from}});
    EXPECT_EQ(peer.receive().first, "answer");
    EXPECT_EQ(end.drops.by_reason, DropCounters{}.by_reason);
  });
}

TEST_F(UdpTest, goes_on_behind_a_packet_the_kernel_refuses) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::yes;
    UdpEnd end(settings, 65000);
    UdpPeer peer(at("127.0.0.1", 0));
    const ports::LinkAddress good{peer.endpoint, {}, 0};
    const ports::LinkAddress nowhere{at("192.0.2.1", 9), {}, 0};
    const ports::LinkAddress foreign{at("2001:db8::1", 9), {}, 0};
    const ports::LinkAddress broadcast{at("255.255.255.255", 9), {}, 0};
    end.send({{"one", good},
              {"x", nowhere},
              {"two", good},
              {"x", foreign},
              {"x", broadcast},
              {"three", good},
              {"x", nowhere}});
    EXPECT_EQ(peer.receive().first, "one");
    EXPECT_EQ(peer.receive().first, "two");
    EXPECT_EQ(peer.receive().first, "three");
    EXPECT_EQ(end.drops.of(Drop::link_error), 4u);
  });
}

TEST_F(UdpTest, goes_on_behind_a_packet_that_is_too_big_for_the_path) {
  in_own_network([] {
    const auto netlink = Netlink::open().value();
    ASSERT_TRUE(netlink->configure_link("lo", 1280, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::yes;
    UdpEnd end(settings);
    UdpPeer peer(at("127.0.0.1", 0));
    const ports::LinkAddress to{peer.endpoint, {}, 0};
    end.send({{"one", to}, {std::string(1400, 'x'), to}, {"two", to}});
    EXPECT_EQ(peer.receive().first, "one");
    EXPECT_EQ(peer.receive().first, "two");
    EXPECT_EQ(end.drops.of(Drop::too_big), 1u);
    // Without discovery it travels in fragments.
    settings.mtu_discovery = UdpSettings::MtuDiscovery::no;
    UdpEnd relaxed(settings);
    relaxed.send({{std::string(1400, 'x'), to}});
    EXPECT_EQ(peer.receive().first.size(), 1400u);
  });
}

TEST_F(UdpTest, does_not_mind_a_peer_that_is_gone) {
  in_own_network([] {
    UdpEnd end(any(Stack::v4));
    ip::Endpoint gone;
    {
      const UdpPeer peer(at("127.0.0.1", 0));
      gone = peer.endpoint;
    }
    UdpPeer alive(at("127.0.0.1", 0));
    for (int i = 0; i < 5; ++i) {
      end.send({{"to nobody", {gone, {}, 0}}, {"hello", {alive.endpoint, {}, 0}}});
      EXPECT_EQ(alive.receive().first, "hello");
      alive.send("back", at("127.0.0.1", end.link->local().port));
      EXPECT_EQ(end.receive().text, "back");
    }
  });
}

TEST_F(UdpTest, hands_on_what_the_kernel_says_of_sizes_and_nothing_else) {
  in_own_network([] {
    const auto netlink = Netlink::open().value();
    ASSERT_TRUE(netlink->configure_link("lo", 1400, {}));
    for (const Stack stack : {Stack::v4, Stack::dual}) {
      UdpSettings settings = any(stack);
      settings.mtu_discovery = UdpSettings::MtuDiscovery::probe;
      UdpEnd end(settings);
      UdpPeer peer(at("127.0.0.1", 0));
      const ports::LinkAddress there{peer.endpoint, {}, 0};
      const ports::LinkAddress nowhere{at("127.0.0.1", 9), {}, 0};
      end.send(
          {{std::string(1500, 'x'), there}, {"small", there}, {"lost", nowhere}, {"a", there}});
      EXPECT_EQ(peer.receive().first, "small");
      EXPECT_EQ(peer.receive().first, "a") << "not what the network said of others stops it";
      std::array<ports::TooLarge, 20> hints;
      std::size_t count = 0;
      EXPECT_TRUE(eventually([&] {
        EXPECT_TRUE(end.read().empty());
        count += end.link->take_too_large(std::span(hints).subspan(count));
        return count > 0;
      }));
      EXPECT_EQ(hints[0].to.address, addr("127.0.0.1"));
      EXPECT_EQ(hints[0].mtu, 1400u);
      EXPECT_TRUE(end.read().empty());
      const auto error = end.link->take_error();
      ASSERT_TRUE(error) << "nobody listens on one port";
      EXPECT_EQ(error->error, ECONNREFUSED);
      EXPECT_EQ(error->to, at("127.0.0.1", 9));
      EXPECT_EQ(error->descriptor, end.link->fd());
      EXPECT_FALSE(end.link->take_error()) << "it is told once";
      pollfd wait{end.link->fd(), POLLIN, 0};
      EXPECT_EQ(poll(&wait, 1, 0), 0) << "nothing is left that would keep a lane awake";
    }
  });
}

TEST_F(UdpTest, hands_on_what_the_kernel_says_at_the_socket_for_control_packets) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1400, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::probe;
    UdpEnd end(settings), control(settings);
    control.send({{std::string(1500, 'x'), {at("127.0.0.1", 9), {}, 0}},
                  {"lost", {at("127.0.0.1", 10), {}, 0}}});
    end.link->take_control_socket(std::move(control.link));
    EXPECT_TRUE(end.read().empty());
    std::array<ports::TooLarge, 20> hints;
    ASSERT_GE(end.link->take_too_large(hints), 1u);  // each try to send it is told
    EXPECT_EQ(hints[0].to.address, addr("127.0.0.1"));
    EXPECT_EQ(hints[0].mtu, 1400u);
    EXPECT_EQ(end.link->take_too_large(hints), 0u);
    const auto error = end.link->take_error();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->to, at("127.0.0.1", 10));
    EXPECT_FALSE(end.link->take_error());
  });
}

TEST_F(UdpTest, keeps_a_bounded_number_of_hints) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1400, {}));
    UdpSettings settings = any(Stack::v4);
    settings.mtu_discovery = UdpSettings::MtuDiscovery::probe;
    UdpEnd end(settings);
    for (int i = 0; i < 40; ++i) {
      end.send({{std::string(1500, 'x'), {at("127.0.0.1", 9), {}, 0}}});
    }
    EXPECT_TRUE(end.read().empty());
    std::array<ports::TooLarge, 100> hints;
    const std::size_t count = end.link->take_too_large(hints);
    EXPECT_GE(count, 1u);
    EXPECT_LE(count, 16u);
    EXPECT_EQ(end.link->take_too_large(hints), 0u);
  });
}

TEST_F(UdpTest, drops_datagrams_that_are_empty_or_do_not_fit_and_keeps_the_others) {
  in_own_network([] {
    UdpEnd end(any(Stack::v4), 1000);
    UdpPeer peer(at("127.0.0.1", 0));
    const ip::Endpoint to = at("127.0.0.1", end.link->local().port);
    peer.send("", to);
    peer.send("one", to);
    peer.send(std::string(1001, 'x'), to);
    peer.send(std::string(1000, 'y'), to);
    peer.send("", to);
    peer.send("two", to);
    const auto got = end.read();
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(got[0].text, "one");
    EXPECT_EQ(got[1].text, std::string(1000, 'y'));
    EXPECT_EQ(got[2].text, "two");
    EXPECT_EQ(end.link->traffic().refused.of(Drop::too_big), 1u);
    EXPECT_EQ(end.link->traffic().refused.of(Drop::malformed), 2u);
    // Nothing but bad ones: still nothing there.
    peer.send("", to);
    EXPECT_TRUE(end.read().empty());
    // The packets that changed places are all still good.
    for (int i = 0; i < 64; ++i) peer.send(std::to_string(i), to);
    EXPECT_EQ(end.read().size(), 64u);
  });
}

TEST_F(UdpTest, drops_what_claims_to_come_from_port_0) {
  in_own_network([] {
    UdpEnd end(any(Stack::v4));
    UdpPeer peer(at("127.0.0.1", 0));
    const ip::Endpoint to = at("127.0.0.1", end.link->local().port);
    const auto port = [&](unsigned shift) { return static_cast<char>(to.port >> shift); };
    const std::string forged{0, 0, port(8), port(0), 0, 12, 0, 0, 'l', 'o', 's', 't'};
    const Fd raw(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
    const SocketAddress there = to_socket_address(at("127.0.0.1", 0), AF_INET).value();
    ASSERT_EQ(sendto(raw.get(), forged.data(), forged.size(), 0, there.raw(), there.size),
              static_cast<ssize_t>(forged.size()));
    peer.send("kept", to);
    const auto got = end.read();
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].text, "kept");
    EXPECT_EQ(end.link->traffic().refused.of(Drop::malformed), 1u);
  });
}

TEST_F(UdpTest, drops_what_the_socket_has_no_room_for_and_sends_on) {
  in_own_network([] {
    ASSERT_TRUE(Netlink::open().value()->configure_link("lo", 1500, {}));
    UdpSettings settings = any(Stack::v4);
    settings.socket.send_buffer = 5000;
    UdpEnd end(settings);
    end.outgoing = OutgoingPackets(60000);
    UdpPeer peer(at("127.0.0.1", 0));
    const ports::LinkAddress to{peer.endpoint, {}, 0};
    end.send({{std::string(60000, 'x'), to}, {"small", to}});  // its fragments need more than that
    EXPECT_EQ(end.drops.of(Drop::queue_full), 1u);
    EXPECT_EQ(peer.receive().first, "small");
  });
}

TEST_F(UdpTest, says_who_has_the_port) {
  in_own_network([] {
    UdpPeer peer(at("0.0.0.0", 1194));
    UdpSettings settings;
    const auto link = UdpLink::open(settings);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().what,
              "cannot bind UDP port 1194 to any address: Address already in use");
    EXPECT_NE(link.error().advice.find("(pid " + std::to_string(getpid()) + ")"), std::string::npos)
        << link.error().advice;
  });
}

TEST_F(UdpTest, says_which_address_is_not_ours) {
  in_own_network([] {
    UdpSettings settings;
    settings.local = addr("192.0.2.77");
    const auto link = UdpLink::open(settings);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().what,
              "cannot bind UDP port 1194 to 192.0.2.77: Cannot assign requested address");
    EXPECT_NE(link.error().advice.find("ip addr"), std::string::npos);
  });
}

TEST_F(UdpTest, refuses_a_device_that_is_not_there) {
  in_own_network([] {
    UdpSettings settings;
    settings.socket.device = "eth99";
    const auto link = UdpLink::open(settings);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().what, "cannot bind a socket to the device eth99: No such device");
  });
}

TEST_F(UdpTest, sets_buffers_mark_and_device_as_asked) {
  in_own_network([] {
    UdpSettings settings = any(Stack::v4);
    EXPECT_GE(UdpLink::open(settings).value()->buffers().receive, 4 << 20);
    settings.socket.receive_buffer = 300000;
    settings.socket.send_buffer = 200000;
    settings.socket.mark = 42;
    settings.socket.device = "lo";
    const auto link = UdpLink::open(settings).value();
    EXPECT_EQ(link->buffers().receive, 600000);
    EXPECT_EQ(link->buffers().send, 400000);
    int mark = 0;
    socklen_t size = sizeof mark;
    EXPECT_EQ(getsockopt(link->fd(), SOL_SOCKET, SO_MARK, &mark, &size), 0);
    EXPECT_EQ(mark, 42);
    char device[32]{};
    size = sizeof device;
    EXPECT_EQ(getsockopt(link->fd(), SOL_SOCKET, SO_BINDTODEVICE, device, &size), 0);
    EXPECT_STREQ(device, "lo");
  });
}

TEST_F(UdpTest, reads_and_writes_at_once_from_two_lanes) {
  in_own_network([] {
    UdpEnd near(any(Stack::v4)), far(any(Stack::v4));
    const ports::LinkAddress to_far{at("127.0.0.1", far.link->local().port), {}, 0};
    const auto near_bell = EventDoorbell::create().value(),
               far_bell = EventDoorbell::create().value(),
               up_bell = EventDoorbell::create().value();
    std::atomic<std::size_t> sent{0}, echoed{0}, back{0};
    constexpr std::size_t total = 20000;
    {
      auto echo = LaneThread::start({"echo",
                                     {far.link->fd()},
                                     [&](Instant, WallTime) {
                                       const std::size_t count = far.link->read(
                                           far.pool.packets(), far.from, plane::front_room);
                                       std::vector<ports::OutgoingPacket> answers;
                                       for (std::size_t i = 0; i < count; ++i) {
                                         answers.push_back({&far.pool[i], far.from[i]});
                                       }
                                       far.link->write(answers, far.drops);
                                       echoed += count;
                                       return count > 0;
                                     },
                                     *far_bell});
      auto down = LaneThread::start({"adit-down",
                                     {near.link->fd()},
                                     [&](Instant, WallTime) {
                                       const auto got = near.read();
                                       back += got.size();
                                       return !got.empty();
                                     },
                                     *near_bell});
      auto up = LaneThread::start({"adit-up",
                                   {},
                                   [&](Instant, WallTime) {
                                     // At most so many on the way that no buffer overflows.
                                     if (sent >= total || sent > back + 256) return sent < total;
                                     near.send({{"a", to_far}, {"b", to_far}, {"c", to_far}});
                                     sent += 3;
                                     return true;
                                   },
                                   *up_bell});
      EXPECT_TRUE(eventually([&] { return sent >= total && back == sent; }))
          << sent << " sent, " << echoed << " echoed, " << back << " back";
    }
    EXPECT_EQ(near.drops.by_reason, DropCounters{}.by_reason);
  });
}

}  // namespace
}  // namespace adit::system
